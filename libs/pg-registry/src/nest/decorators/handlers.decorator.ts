import 'reflect-metadata';
import { InvalidArgumentError } from '../../term';
import { MethodMetadata } from './method-metadata';

/** What a decorated method answers to. */
export type HandlerKind = 'call' | 'cast' | 'message';

/** One decorated method, as the explorer reads it. `name` is empty for messages, which have none. */
export interface HandlerMetadata {
  readonly kind: HandlerKind;
  readonly name: string;
}

/** What the handler decorators said of methods. */
export const handlers = new MethodMetadata<HandlerMetadata>(
  'pg-registry:handlers',
  'HandleCall, @HandleCast or @HandleMessage',
);

/**
 * The key under which handler parameters are described, in the shape of Nest's own route arguments. Without such a
 * description Nest runs no method or parameter pipe, silently: every decorated method gets one for its two parameters.
 */
export const HANDLER_PARAMETERS = 'pg-registry:handler-parameters';

/** Parameter kinds in Nest's numbering (`RouteParamtypes`): pipes see the payload as a body, the context as custom. */
export const PAYLOAD_PARAMETER = 3;
export const CONTEXT_PARAMETER = 6;

/**
 * Nest's mark of classes that are entered from outside without being controllers, as GraphQL's resolvers are: global guards,
 * pipes, interceptors and filters that are request-scoped or transient run at their methods, too.
 */
const ENTRY_PROVIDER = '__entryProvider__';

/**
 * Answers calls to this provider's process by name: `processes.call(pid, name, payload)`. The method gets
 * `(payload, context: CallContext)`; what it returns or resolves to is the answer, an Observable answers with its last
 * value. Pipes, guards, interceptors and filters run as in a controller, with context type `'rpc'`; a method that takes the
 * context shows it to the method's pipes as a `'custom'` argument. Mirrors `GenServer.handle_call/3`.
 *
 * The class carries `@RegisterVia`, or is transient and started by `processes.start`; anything else is an error at bootstrap.
 *
 * @param name Default: the method's name.
 * @throws InvalidArgumentError for an empty name, or on what is no method of the instance.
 */
export function HandleCall(name?: string): MethodDecorator {
  return handler('call', name);
}

/** Like {@link HandleCall}, for `processes.cast(…)`: nothing is answered. Mirrors `GenServer.handle_cast/2`. */
export function HandleCast(name?: string): MethodDecorator {
  return handler('cast', name);
}

/** Receives what is sent with `processes.send(pid, message)`. One per class. Mirrors `GenServer.handle_info/2`. */
export function HandleMessage(): MethodDecorator {
  return (prototype, method) => describe(prototype, method, { kind: 'message', name: '' });
}

/** Whether a decorated method gets the context behind the payload. */
export function takesContext(type: object, method: string): boolean {
  const described = Reflect.getMetadata(HANDLER_PARAMETERS, type, method) as object;
  return Object.keys(described).length > 1;
}

function handler(kind: 'call' | 'cast', given: string | undefined): MethodDecorator {
  return (prototype, method) => {
    const name: unknown = given ?? String(method);
    if (typeof name !== 'string' || name === '') {
      throw new InvalidArgumentError(
        `The handler of ${prototype.constructor.name}.${String(method)} needs a name that is a string and not empty.`,
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

/** A function's length ends before its first default value; the types that the compiler emits do not. */
function countParameters(prototype: object, method: string | symbol): number {
  const { length } = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  return Math.max(length, types?.length ?? 0);
}

/**
 * Nest sends every described parameter through the method's pipes. A method that does not declare the context must not
 * see it there: `@UsePipes(ParseIntPipe)` would choke on it.
 */
function parameters(count: number): object {
  const payload = { [`${PAYLOAD_PARAMETER}:0`]: { index: 0, data: undefined, pipes: [] } };
  const context = { [`${CONTEXT_PARAMETER}:1`]: { index: 1, data: undefined, pipes: [] } };
  return count < 2 ? payload : { ...payload, ...context };
}
