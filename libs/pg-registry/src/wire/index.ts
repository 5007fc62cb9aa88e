/**
 * wire/: what travels between nodes.
 *
 * `codec/` turns keys, values and pids into bytes and back. `frame-kinds` is the table of all frames, `frame` the envelope around every body, `subject` builds and parses the
 * NATS subjects, `version` negotiates the version of the bodies, `incarnation` makes the id of one life of a node.
 *
 * Promises: decoding never trusts a length or a depth, and throws only `DecodeError`. Assumes nothing about the sender.
 * May import: term.
 */
export { DecodeError, HeapLimitError, Reader, WeightLimitError, Writer } from './codec';
export {
  beginsAsFrame,
  decodeFrame,
  encodeEnvelope,
  encodeFrame,
  type Frame,
  FRAME_OVERHEAD_BYTES,
  inEnvelope,
  LONGEST_FRAME_BYTES,
  MAX_EPOCH,
  MAX_WIRE_DEPTH,
  readIncarnation,
  type Sender,
  writeIncarnation,
} from './frame';
export {
  ANNOUNCED_KINDS,
  type AnnouncedKind,
  FRAMES,
  type FrameKind,
  type InboxKind,
  PROCESS_INBOX_KINDS,
  type ProcessKind,
  PROTOCOL_INBOX_KINDS,
  type StreamKind,
  travelsOn,
  versionsOf,
} from './frame-kinds';
export { belongsTo, hash32, incarnationOf, isIncarnation } from './incarnation';
export {
  leaseBucket,
  leaseSubject,
  type NamesPermissions,
  observerPermissionsOf,
  type Permissions,
  permissionsOf,
  type PermissionsOptions,
  type Route,
  senderIn,
  Subjects,
} from './subject';
export { commonVersion, formatVersions, OWN_VERSIONS, spokenByAll, type VersionRange } from './version';
