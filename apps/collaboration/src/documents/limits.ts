/** The largest update of a browser, in bytes. One that is longer closes its socket. */
export const MAX_UPDATE_BYTES = 8 * 1024 * 1024;
/** The largest document, in bytes of Yjs's encoding. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
/** The largest state vector of a browser, in bytes: some 40,000 clients. A longer one takes seconds to read, and fits into no message of the cluster. */
export const MAX_STATE_VECTOR_BYTES = 256 * 1024;
/** The largest frame of a browser: when a holder was lost, a browser answers the next one with all that was not saved, perhaps the whole document. */
export const MAX_FRAME_BYTES = MAX_DOCUMENT_BYTES + 1024;
/** Updates and states travel between nodes in pieces of so many bytes, because a message of the cluster has at most 512 KB. */
export const PIECE_BYTES = 256 * 1024;
/** So much may wait for a browser that reads slowly. */
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** A browser that reads slowly has so many milliseconds to read what waits and why its socket is closed. */
export const SLOW_CLOSE_MS = 10_000;
/** So much of a browser may wait for the document; then its socket is not read until the document has taken it. */
export const MAX_UNSENT_BYTES = 1024 * 1024;
/** The longest presence of a client (name, colour, cursor), in characters of JSON. */
export const MAX_PRESENCE_LENGTH = 4096;
/** A socket that has not begun to sync after so many milliseconds is closed. */
export const SILENCE_MS = 10_000;
/** So many sockets of a node may be silent at a time; more are refused. */
export const MAX_SILENT_SOCKETS = 500;
/** So many sockets serves a node. */
export const MAX_SOCKETS = 10_000;
/** The longest name of a document, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 256;
