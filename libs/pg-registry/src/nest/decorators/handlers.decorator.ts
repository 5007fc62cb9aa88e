import 'reflect-metadata';
import { InvalidArgumentError } from '../../term';
import { MethodMetadata } from './method-metadata';

/** The kind of message that a decorated method handles. */
export type HandlerKind = 'call' | 'cast' | 'message';

/** The metadata of one handler decorator. `name` is empty for messages, which have none. */
export interface HandlerMetadata {
  readonly kind: HandlerKind;
  readonly name: string;
}

/** The metadata of `@HandleCall`, `@HandleCast` and `@HandleMessage`. */
export const handlers = new MethodMetadata<HandlerMetadata>(
  'pg-registry:handlers',
  'HandleCall, @HandleCast or @HandleMessage',
);

/**
 * The metadata key of handler parameters, described in the shape of Nest's own route arguments. Without a description Nest
 * silently runs no method or parameter pipe, so every decorated method gets one for its one or two parameters.
 */
export const HANDLER_PARAMETERS = 'pg-registry:handler-parameters';

/** Parameter kinds as Nest numbers them (`RouteParamtypes`): pipes see the payload as `'body'` and the context as `'custom'`. */
export const PAYLOAD_PARAMETER = 3;
export const CONTEXT_PARAMETER = 6;

/**
 * Nest's metadata key for classes whose methods are called from outside without being controllers, such as GraphQL's resolvers.
 * With it, request-scoped and transient global guards, pipes, interceptors and filters run for their methods, too.
 */
const ENTRY_PROVIDER = '__entryProvider__';

/**
 * Handles calls to this provider's process by name: `processes.call(pid, name, payload)`. The method gets
 * `(payload, context: CallContext)`. The answer is what it returns or resolves to, or the last value of an Observable.
 * Pipes, guards, interceptors and filters run as in a controller, with context type `'rpc'`. If the method declares the
 * context, its pipes get it as a `'custom'` argument. Mirrors `GenServer.handle_call/3`.
 *
 * The class must have `@RegisterVia`, or be transient and started by `processes.start`; otherwise the bootstrap fails.
 *
 * @param name Default: the method's name.
 * @throws InvalidArgumentError for an empty name, or on anything but an instance method.
 */
export function HandleCall(name?: string): MethodDecorator {
  return handler('call', name);
}

/** Handles casts by name: `processes.cast(…)`. Like {@link HandleCall}, without an answer. Mirrors `GenServer.handle_cast/2`. */
export function HandleCast(name?: string): MethodDecorator {
  return handler('cast', name);
}

/** Handles messages sent by `processes.send(pid, message)`. One per class. Mirrors `GenServer.handle_info/2`. */
export function HandleMessage(): MethodDecorator {
  return (prototype, method) => describe(prototype, method, { kind: 'message', name: '' });
}

/** Whether a decorated method declares the context as its second parameter. */
export function takesContext(type: object, method: string): boolean {
  const described = Reflect.getMetadata(HANDLER_PARAMETERS, type, method) as object;
  return Object.keys(described).length > 1;
}

function handler(kind: 'call' | 'cast', given: string | undefined): MethodDecorator {
  return (prototype, method) => {
    const name: unknown = given ?? String(method);
    if (typeof name !== 'string' || name === '') {
      throw new InvalidArgumentError(
        `The handler ${prototype.constructor.name}.${String(method)} must have a name that is a string and not empty (got ${JSON.stringify(name)}).`,
      );
    }
    describe(prototype, method, { kind, name });
  };
}

function describe(prototype: object, method: string | symbol, metadata: HandlerMetadata): void {
  handlers.add(prototype, method, metadata);
  const { constructor } = prototype;
  Reflect.defineMetadata(
    HANDLER_PARAMETERS,
    parameters(countParameters(prototype, method)),
    constructor,
    method,
  );
  Reflect.defineMetadata(ENTRY_PROVIDER, true, constructor);
}

/** Counts parameters by the types that the compiler emits, because a function's length ends before its first default value. */
function countParameters(prototype: object, method: string | symbol): number {
  const { length } = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  return Math.max(length, types?.length ?? 0);
}

/**
 * Describes the parameters of a method. Nest sends every described parameter through the method's pipes, so a method that does not
 * declare the context must not have it described: `@UsePipes(ParseIntPipe)` would fail on it.
 */
function parameters(count: number): object {
  const payload = { [`${PAYLOAD_PARAMETER}:0`]: { index: 0, data: undefined, pipes: [] } };
  const context = { [`${CONTEXT_PARAMETER}:1`]: { index: 1, data: undefined, pipes: [] } };
  return count < 2 ? payload : { ...payload, ...context };
}
