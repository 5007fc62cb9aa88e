import { MAX_NAME_BYTES } from '../documents/limits';

/** Where the documents are on the server: what follows is a document's name. */
export const DOCUMENTS_PATH = '/collaboration';

/** A name that no document can have. The message is for people. */
export class DocumentNameError extends Error {}

/**
 * Reads the name of a document from the path of a request: what follows `/collaboration/`, percent-decoded. Equal names in different Unicode
 * forms are the same document.
 *
 * @throws DocumentNameError
 */
export function documentNameIn(url: string): string {
  const path = url.split('?', 1)[0];
  return documentName(decoded(path.slice(DOCUMENTS_PATH.length + 1)));
}

/** Checks the name of a document. @throws DocumentNameError */
export function documentName(text: string): string {
  if (text === '') throw new DocumentNameError('A document must have a name.');
  if (text === '.' || text === '..')
    throw new DocumentNameError("No document can be called '.' or '..', because no address can end so.");
  const name = text.normalize('NFC');
  if (!name.isWellFormed() || /\p{Cc}/u.test(name))
    throw new DocumentNameError(
      'The name of a document must not contain control characters or half characters.',
    );
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new DocumentNameError(`The name of a document must have at most ${MAX_NAME_BYTES} bytes.`);
  return name;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DocumentNameError('The name of a document must be percent-encoded UTF-8.');
  }
}
