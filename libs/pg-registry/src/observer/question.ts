import { isObject } from '../term';
import { isJson, type Json } from './json-form';

/** The version of questions and answers. A node answers questions of its own version and of earlier ones; what it does not know, it says. */
export const QUESTION_VERSION = 1;
/** A longer question is dropped. */
export const MOST_QUESTION_BYTES = 32_768;
/** A longer answer is refused. */
export const MOST_ANSWER_BYTES = 400_000;

/** What is asked of a node. Nothing but reading, except for the last three, which the node must allow. */
export type Question =
  | { readonly ask: 'node' | 'handlers' | 'counters' }
  | { readonly ask: 'scopes'; readonly after?: string }
  | {
      readonly ask: 'entries';
      readonly scope: string;
      readonly prefix?: Json | undefined;
      readonly match?: Json | undefined;
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    }
  | { readonly ask: 'key'; readonly scope: string; readonly key: Json }
  | { readonly ask: 'processes'; readonly after?: number }
  | { readonly ask: 'names'; readonly prefix?: Json | undefined }
  | { readonly ask: 'name'; readonly key: Json }
  | { readonly ask: 'entities'; readonly type?: string | undefined; readonly after?: number }
  | { readonly ask: 'changes'; readonly scope?: string | undefined; readonly limit?: number }
  /** What happened since the same `follow` was asked last. It ends when nobody has asked for ten seconds. */
  | {
      readonly ask: 'events';
      readonly follow: string;
      readonly scope?: string | undefined;
      readonly key?: Json | undefined;
      readonly end?: boolean;
    }
  | { readonly ask: 'drain' }
  | { readonly ask: 'call'; readonly to: Json; readonly name: string; readonly payload?: Json | undefined }
  | { readonly ask: 'stop'; readonly pid: string };

/** The questions that change something. They travel on a subject of their own, so that a broker can forbid them. */
export const ACTIONS: readonly string[] = ['drain', 'call', 'stop'];

/** What a node answers. */
export type Answer =
  | { readonly ok: Json }
  /** `busy`: it is asked too much. `unknown`: it does not know the question. `forbidden`: it does not allow this. */
  | { readonly error: 'busy' | 'unknown' | 'forbidden' | 'wrong' | 'failed'; readonly message: string };

/** Writes a question. */
export function encodeQuestion(question: Question): Uint8Array {
  return Buffer.from(JSON.stringify({ v: QUESTION_VERSION, ...question }));
}

/** Reads a question that anybody may have sent; undefined if it is none. Costs its bytes. */
export function decodeQuestion(bytes: Uint8Array): (Question & { readonly v: number }) | undefined {
  if (bytes.length > MOST_QUESTION_BYTES) return undefined;
  const json = parsed(bytes);
  if (!isObject(json) || !('ask' in json) || typeof json.ask !== 'string') return undefined;
  if (!('v' in json) || typeof json.v !== 'number' || json.v > QUESTION_VERSION) return undefined;
  // Each part is checked where it is used: see `answers.ts`.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return json as Question & { readonly v: number };
}

/** Writes an answer; one that is too long is replaced by an error. */
export function encodeAnswer(answer: Answer): Uint8Array {
  const bytes = Buffer.from(JSON.stringify({ v: QUESTION_VERSION, ...answer }));
  if (bytes.length <= MOST_ANSWER_BYTES) return bytes;
  const message = `The answer would have ${bytes.length} bytes, more than ${MOST_ANSWER_BYTES}. Ask for less.`;
  return Buffer.from(JSON.stringify({ v: QUESTION_VERSION, error: 'failed', message }));
}

/** Reads an answer that anybody may have sent; undefined if it is none. Costs its bytes. */
export function decodeAnswer(bytes: Uint8Array): Answer | undefined {
  if (bytes.length > 2 * MOST_ANSWER_BYTES) return undefined;
  const json = parsed(bytes);
  if (!isObject(json)) return undefined;
  if ('ok' in json && isJson(json.ok)) return { ok: json.ok };
  if (!('error' in json) || !('message' in json) || typeof json.message !== 'string') return undefined;
  const error = ERRORS.find((known) => known === json.error) ?? 'failed';
  return { error, message: json.message.slice(0, 2000) };
}

const ERRORS = ['busy', 'unknown', 'forbidden', 'wrong', 'failed'] as const;

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return undefined;
  }
}
