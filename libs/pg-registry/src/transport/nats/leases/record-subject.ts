import { createHash } from 'node:crypto';

/** A longer token is replaced by a hash: a server closes a connection that sends a subject of more than 4 KB. */
const LONGEST_TOKEN = 200;
const HALF_CHARACTER = /\p{Surrogate}/u;

/**
 * The subject of the record of a name: below `root`, one token. The token is the base64url of the name in UTF-8, or else `~` and the base64url of
 * the SHA-256 of its UTF-16, where the former would be longer than 200 characters or not unique. So no two names share a subject.
 */
export function recordSubject(root: string, name: string): string {
  const token = Buffer.from(name).toString('base64url');
  const isPlain = token !== '' && token.length <= LONGEST_TOKEN && !HALF_CHARACTER.test(name);
  return `${root}.${isPlain ? token : `~${hashOf(name)}`}`;
}

function hashOf(name: string): string {
  return createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('base64url');
}
