import 'reflect-metadata';
import { InvalidOptionError } from '../term';
import type { Finding } from './finding';

/** Where Nest keeps what `@UseGuards` and its kin were given, by the name that a user knows. */
const ENHANCERS = {
  guard: '__guards__',
  interceptor: '__interceptors__',
  pipe: '__pipes__',
  filter: '__exceptionFilters__',
};

/**
 * Looks for decorators that cannot work where they stand.
 *
 * @throws InvalidOptionError naming class, method and remedy.
 */
export function refuseMisuse(finding: Finding): void {
  refuseTwins(finding);
  refuseUnreachable(finding);
  refuseTransient(finding);
  refuseRequestScoped(finding);
  refuseLostEnhancers(finding);
}

/** An error of somebody who used a decorator. */
export function misuse(message: string, cause?: unknown): InvalidOptionError {
  return new InvalidOptionError(message, { option: 'decorators', ...(cause === undefined ? {} : { cause }) });
}

function refuseTwins({ type, handlers }: Finding): void {
  const known = new Map<string, string>();
  for (const { method, metadata } of handlers) {
    const name = metadata.kind === 'message' ? 'messages' : `the ${metadata.kind} '${metadata.name}'`;
    const twin = known.get(name);
    if (twin !== undefined)
      throw misuse(`${type.name}.${method} handles ${name}, which ${type.name}.${twin} handles already.`);
    known.set(name, method);
  }
}

function refuseUnreachable({ type, wrapper, registrations, handlers: [handler] }: Finding): void {
  if (handler === undefined || registrations.length > 0 || wrapper.isTransient) return;
  throw misuse(
    `${type.name}.${handler.method} handles a ${handler.metadata.kind} that nobody can make: ${type.name} is no process. Register it with ` +
      `@RegisterVia(scope, key); or make it a process class, with @Injectable({ scope: Scope.TRANSIENT }), and start it.`,
  );
}

function refuseTransient({ type, wrapper, registrations, listeners, memberships }: Finding): void {
  if (!wrapper.isTransient) return;
  if (registrations.length > 0) {
    throw misuse(
      `${type.name} is transient and carries @RegisterVia: there would be an entry per injection. ` +
        `Make it a singleton, or start it as a process: processes.start(${type.name}, { via }).`,
    );
  }
  const [method] = [...listeners, ...memberships];
  if (method === undefined) return;
  throw misuse(
    `${type.name}.${method.method} listens to a scope, and ${type.name} is transient: it has no instance that could be told. Move the ` +
      `method to a singleton, or let the process subscribe in onProcessStart.`,
  );
}

function refuseRequestScoped({ type, requestScoped, registrations, listeners, memberships }: Finding): void {
  if (!requestScoped) return;
  for (const { key, value } of registrations) {
    if (typeof key !== 'function' && typeof value !== 'function') continue;
    throw misuse(
      `${type.name} is request-scoped: at start-up it has no instance that @RegisterVia could compute a key or value from. ` +
        `Give a literal key and value, or make it a singleton.`,
    );
  }
  const [method] = [...listeners, ...memberships];
  if (method === undefined) return;
  throw misuse(
    `${type.name}.${method.method} listens to a scope, and ${type.name} is request-scoped: no instance could be told. ` +
      `Move the method to a singleton.`,
  );
}

/**
 * Nest makes guards and their kin when it finds the class that uses them among the providers or controllers; it does not look
 * into factories and values, and would silently leave their guards out.
 */
function refuseLostEnhancers({ type, wrapper, handlers }: Finding): void {
  for (const { method } of handlers) {
    const callback: unknown = Reflect.get(type.prototype as object, method);
    for (const [kind, key] of Object.entries(ENHANCERS)) {
      for (const enhancer of [...enhancersOf(type, key), ...enhancersOf(callback, key)]) {
        if (typeof enhancer !== 'function' || wrapper.host?.injectables.has(enhancer)) continue;
        throw misuse(
          `${type.name}.${method} has the ${kind} ${enhancer.name}, which Nest would leave out: ${type.name} is made by a factory, given as ` +
            `a value or, in early versions of Nest 11, provided under another token. Provide ${type.name} as a class, or give the ` +
            `${kind} as an instance.`,
        );
      }
    }
  }
}

function enhancersOf(target: unknown, key: string): readonly unknown[] {
  return (Reflect.getMetadata(key, target as object) as unknown[] | undefined) ?? [];
}
