/**
 * protocol/codec/ — bytes that travel: numbers, text, and keys and values in normal form.
 *
 * Promises: what is read is in normal form and the same as what was written; whatever the bytes are, reading them
 * gives a value or throws a {@link DecodeError}, in time and memory proportional to the bytes that are there.
 * May import term.
 */
export { DecodeError } from './decode-error';
export { Reader, type ReaderOptions } from './reader';
export { Writer } from './writer';
