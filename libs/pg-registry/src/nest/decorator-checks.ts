import 'reflect-metadata';
import { InvalidOptionError } from '../term';
import type { DecoratedProvider } from './decorated-provider';
import { losesLeader } from './decorators/on-leader.decorator';
import { foreignParameter, parameterPipes } from './decorators/handler-parameters';

/** The metadata keys of `@UseGuards`, `@UseInterceptors`, `@UsePipes` and `@UseFilters`, by the name that users know. */
const ENHANCERS = {
  guard: '__guards__',
  interceptor: '__interceptors__',
  pipe: '__pipes__',
  filter: '__exceptionFilters__',
};

/**
 * Refuses decorators that cannot work where they are.
 *
 * @throws InvalidOptionError naming class, method and remedy.
 */
export function checkDecorators(provider: DecoratedProvider): void {
  refuseDuplicates(provider);
  refuseSharedEntity(provider);
  refuseUnreachable(provider);
  refuseTransient(provider);
  refuseRequestScoped(provider);
  refuseForeignParameters(provider);
  refuseLostEnhancers(provider);
  refuseUnguardedLeader(provider);
  refuseSharedElection(provider);
}

/** Makes the error for a decorator that cannot work where it is. */
export function decoratorError(message: string, cause?: unknown): InvalidOptionError {
  return new InvalidOptionError(message, { option: 'decorators', ...(cause === undefined ? {} : { cause }) });
}

function refuseUnguardedLeader({ type, wrapper, requestScoped, leads }: DecoratedProvider): void {
  for (const { method } of leads) {
    const name = `${type.name}.${method}`;
    if (wrapper.isTransient || requestScoped) {
      throw decoratorError(
        `${name} has @OnLeader, but ${type.name} is ${wrapper.isTransient ? 'transient' : 'request-scoped'} and has no shared instance. Move ` +
          'the method to a singleton.',
      );
    }
    if (!losesLeader(type.prototype as object, method)) continue;
    throw decoratorError(
      `${name} overrides a method with @OnLeader and has none itself, so it would run on every node. Add @OnLeader, or name it differently.`,
    );
  }
}

function refuseSharedElection({
  type,
  wrapper,
  requestScoped,
  election,
  registrations,
}: DecoratedProvider): void {
  if (election === undefined) return;
  if (wrapper.isTransient || requestScoped) {
    throw decoratorError(
      `${type.name} has @ClusterSingleton, but is ${wrapper.isTransient ? 'transient' : 'request-scoped'} and has no shared instance that could ` +
        'be elected. Make it a singleton, also what it depends on.',
    );
  }
  if (registrations.length === 0) return;
  throw decoratorError(
    `${type.name} has @ClusterSingleton and @RegisterVia, by which calls would reach it while it is not elected. Remove @RegisterVia: ` +
      'callers use clusterName(key).',
  );
}

function refuseDuplicates({ type, handlers }: DecoratedProvider): void {
  const known = new Map<string, string>();
  for (const { method, metadata } of handlers) {
    const name = metadata.kind === 'message' ? 'messages' : `the ${metadata.kind} '${metadata.name}'`;
    const other = known.get(name);
    if (other !== undefined)
      throw decoratorError(
        `${type.name}.${method} handles ${name}, which ${type.name}.${other} handles already.`,
      );
    known.set(name, method);
  }
}

function refuseSharedEntity({ type, wrapper, isEntity }: DecoratedProvider): void {
  if (!isEntity || wrapper.isTransient) return;
  throw decoratorError(
    `${type.name} has @Entity and must be transient, because each entity has an instance of its own. Remove its @Injectable: @Entity makes it ` +
      'a transient provider. If a factory makes it, provide it as a class.',
  );
}

function refuseUnreachable({
  type,
  wrapper,
  registrations,
  election,
  handlers: [handler],
}: DecoratedProvider): void {
  const isProcess = registrations.length > 0 || election !== undefined || wrapper.isTransient;
  if (handler === undefined || isProcess) return;
  throw decoratorError(
    `${type.name}.${handler.method} handles a ${handler.metadata.kind}, but ${type.name} is no process. Register it with @RegisterVia(scope, key) ` +
      `or @ClusterSingleton(key), or make it a process class with @Injectable({ scope: Scope.TRANSIENT }) and start it.`,
  );
}

function refuseTransient({ type, wrapper, registrations, listeners, memberships }: DecoratedProvider): void {
  if (!wrapper.isTransient) return;
  if (registrations.length > 0) {
    throw decoratorError(
      `${type.name} is transient and must not have @RegisterVia, because each injection would add an entry. ` +
        `Make it a singleton, or start it as a process: processes.start(${type.name}, { via }).`,
    );
  }
  const [method] = [...listeners, ...memberships];
  if (method === undefined) return;
  throw decoratorError(
    `${type.name}.${method.method} listens to a scope, but ${type.name} is transient and has no shared instance. Move the method to a ` +
      `singleton, or let the process subscribe in onProcessStart.`,
  );
}

function refuseRequestScoped({
  type,
  requestScoped,
  registrations,
  listeners,
  memberships,
}: DecoratedProvider): void {
  if (!requestScoped) return;
  for (const { key, value } of registrations) {
    if (typeof key !== 'function' && typeof value !== 'function') continue;
    throw decoratorError(
      `${type.name} is request-scoped and has no instance at start-up, from which @RegisterVia could compute a key or value. ` +
        `Give @RegisterVia a literal key and value, or make ${type.name} a singleton.`,
    );
  }
  const [method] = [...listeners, ...memberships];
  if (method === undefined) return;
  throw decoratorError(
    `${type.name}.${method.method} listens to a scope, but ${type.name} is request-scoped and has no instance without a request. ` +
      `Move the method to a singleton.`,
  );
}

/** Refuses decorated parameters for which a call has no value. */
function refuseForeignParameters({ type, handlers }: DecoratedProvider): void {
  for (const { method } of handlers) {
    const decorator = foreignParameter(type, method);
    if (decorator === undefined) continue;
    throw decoratorError(
      `${type.name}.${method} has a parameter with ${decorator}, for which a call has no value: it is no HTTP request. Use @Payload() or ` +
        `@Body() for the payload or, by name, a property of it, and @CallContext() for the caller, headers and signal.`,
    );
  }
}

/**
 * Refuses guards, interceptors, pipes and filters that would silently not run: Nest creates those of classes that it finds among the providers and
 * controllers, and does not look into factories and values.
 */
function refuseLostEnhancers({ type, wrapper, handlers }: DecoratedProvider): void {
  for (const { method } of handlers) {
    const callback: unknown = Reflect.get(type.prototype as object, method);
    for (const [kind, key] of Object.entries(ENHANCERS)) {
      const ofParameters = kind === 'pipe' ? parameterPipes(type, method) : [];
      for (const enhancer of [...enhancersOf(type, key), ...enhancersOf(callback, key), ...ofParameters]) {
        if (typeof enhancer !== 'function' || wrapper.host?.injectables.has(enhancer)) continue;
        throw decoratorError(
          `${type.name}.${method} has the ${kind} ${enhancer.name}, which Nest would not run: ${type.name} comes from a factory, is a ` +
            `value or, in early versions of Nest 11, is provided under another token. Provide ${type.name} as a class, or pass the ` +
            `${kind} as an instance.`,
        );
      }
    }
  }
}

function enhancersOf(target: unknown, key: string): readonly unknown[] {
  return (Reflect.getMetadata(key, target as object) as unknown[] | undefined) ?? [];
}
