import {
  boundedText,
  codeOfThrown,
  isError,
  isRecord,
  messageOfThrown,
  nameOfThrown,
  propertyOfThrown,
  type RemoteFailure,
  type Value,
  type ValueRecord,
} from '../term';

/** What every error says. The code is empty if it had none. */
export interface Described {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** Describes whatever a handler threw. Never throws. */
export function describeThrown(thrown: unknown): Described {
  return { name: nameOfThrown(thrown), code: codeOfThrown(thrown), message: messageOfThrown(thrown) };
}

/**
 * Returns what an error of Nest says beyond that: the status and response of an `HttpException`, the details of an `RpcException`. Both are
 * told by their methods, because calls/ knows no Nest. Other errors say nothing more: their properties may hold what is no caller's business.
 *
 * @param normalize Returns the normal form of a part; throws if it has none. Such a part is left out.
 */
export function saidByNest(thrown: unknown, normalize: (value: unknown) => Value): ValueRecord {
  const said: Record<string, Value> = {};
  if (!isError(thrown)) return said;
  for (const [name, method] of SAID) {
    const read = propertyOfThrown(thrown, method);
    if (typeof read !== 'function') continue;
    try {
      said[name] = normalize(Reflect.apply(read, thrown, []));
    } catch {
      // It cannot travel, or the method throws.
    }
  }
  return said;
}

const SAID = [
  ['status', 'getStatus'],
  ['response', 'getResponse'],
  ['details', 'getError'],
] as const;

/** Returns the failure that a caller gets. @param said As {@link saidByNest} gave it, perhaps on another node: it is checked. */
export function failureOf({ name, code, message }: Described, said: Value): RemoteFailure {
  const { status, response, details } = isRecord(said) ? said : {};
  return {
    name: boundedText(name),
    code: code === '' ? undefined : boundedText(code),
    message: boundedText(message),
    ...(isErrorStatus(status) && { status }),
    ...(response !== undefined && { response }),
    ...(details !== undefined && { details }),
  };
}

function isErrorStatus(status: Value): status is number {
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status <= 599;
}
