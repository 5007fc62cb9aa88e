/**
 * names/: cluster names, which one process of the whole cluster holds at a time.
 *
 * `lease-store.ts` is the port of the store that decides who holds a name. A transport offers an implementation
 * (`Connection.leaseStore`); this room knows stores only through the port.
 *
 * May import: term.
 */
export {
  type LeaseAbsent,
  type LeaseFound,
  type LeaseReadOutcome,
  type LeaseRefused,
  type LeaseRequestOptions,
  type LeaseStore,
  type LeaseStoreOptions,
  type LeaseUnavailable,
  type LeaseUnknown,
  type LeaseUnreachable,
  type LeaseWatch,
  type LeaseWrite,
  type LeaseWriteOutcome,
  type LeaseWritten,
  MAX_RECORD_BYTES,
  RECORD_AGE_MS,
  REPEAT_MS,
} from './lease-store';
