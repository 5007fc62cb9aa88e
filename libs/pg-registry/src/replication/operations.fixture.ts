import type { RemoteOperation } from '../table';
import { OperationReader } from './operation-body';

/** Reads all operations of a body. */
export function readOperations(...args: ConstructorParameters<typeof OperationReader>): RemoteOperation[] {
  const operations = new OperationReader(...args);
  const read: RemoteOperation[] = [];
  for (let next = operations.next(); next !== undefined; next = operations.next()) read.push(next);
  return read;
}
