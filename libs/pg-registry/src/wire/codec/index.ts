/**
 * wire/codec/: bytes that travel: numbers, text, and keys and values in normal form.
 *
 * Promises: what is read is in normal form and the same as what was written; whatever the bytes are, reading them
 * gives a value or throws a {@link DecodeError}, in time and memory proportional to the bytes that are there.
 * One Writer and one Reader make one frame: names of properties and the nodes of pids are written once in it.
 * May import term.
 *
 * Measured on Node.js 20, two busy cores, 1,000 entries in one frame; bytes, then nanoseconds to write and to read an
 * entry (ours validates, freezes and interns on the way, the others do not; JSON from and to bytes):
 *
 *   key and value of an entry                      ours            JSON            v8.serialize
 *   'user:1', null                                 10 B  35/73     18 B  79/120    16 B  110/90
 *   'doc:1', { 3 properties }                      19 B 185/220    54 B 204/349    48 B  234/402
 *   ['doc', 'd1'], { 3 properties }                21 B 226/275    59 B 296/433    59 B  437/662
 *   'room:1', { 5 properties, nested }             43 B 539/649   118 B 621/767   108 B  657/989
 */
export { DecodeError, HeapLimitError, WeightLimitError } from './decode-error';
export { Reader } from './reader';
export { Writer } from './writer';
