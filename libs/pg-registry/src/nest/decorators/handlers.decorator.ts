import 'reflect-metadata';
import { MethodMetadata } from './method-metadata';

/** What a decorated method answers to. */
export type HandlerKind = 'call' | 'cast' | 'message';

/** One decorated method, as the explorer reads it. `name` is empty for messages, which have none. */
export interface HandlerMetadata {
  readonly kind: HandlerKind;
  readonly name: string;
}

/** What the handler decorators said of methods. */
export const handlers = new MethodMetadata<HandlerMetadata>('pg-registry:handlers');

/**
 * The key under which handler parameters are described, in the shape of Nest's own route arguments. Without such a
 * description Nest runs no method or parameter pipe, silently: every decorated method gets one for its two parameters.
 */
export const HANDLER_PARAMETERS = 'pg-registry:handler-parameters';

/** Parameter kinds in Nest's numbering (`RouteParamtypes`): pipes see the payload as a body, the context as custom. */
export const PAYLOAD_PARAMETER = 3;
export const CONTEXT_PARAMETER = 6;

/**
 * Answers calls to this provider's process by name: `processes.call(pid, name, payload)`. The method gets
 * `(payload, context: CallContext)`; what it returns or resolves to is the answer, an Observable answers with its last
 * value. Pipes, guards, interceptors and filters run as in a controller, with context type `'rpc'`. Mirrors
 * `GenServer.handle_call/3`.
 *
 * @param name Default: the method's name.
 */
export function HandleCall(name?: string): MethodDecorator {
  return handler('call', name);
}

/** Like {@link HandleCall}, for `processes.cast(…)`: nothing is answered. Mirrors `GenServer.handle_cast/2`. */
export function HandleCast(name?: string): MethodDecorator {
  return handler('cast', name);
}

/** Receives what is sent with `processes.send(pid, message)`. Mirrors `GenServer.handle_info/2`. */
export function HandleMessage(): MethodDecorator {
  return handler('message', '');
}

function handler(kind: HandlerKind, name: string | undefined): MethodDecorator {
  return (prototype, method, descriptor) => {
    handlers.add(prototype, method, { kind, name: name ?? String(method) });
    const { length } = descriptor.value as unknown as (...args: unknown[]) => unknown;
    Reflect.defineMetadata(HANDLER_PARAMETERS, parameters(length), prototype.constructor, method);
  };
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
