import 'reflect-metadata';
import { InvalidArgumentError } from '../../term';
import { describeParameters } from './handler-parameters';
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
 * Parameters may have decorators: `@Payload('id', ParseIntPipe)` and `@Ctx()` of `@nestjs/microservices`, `@Body` of `@nestjs/common`,
 * {@link CallContext}, and what `createParamDecorator` makes. Those for parts of an HTTP request fail the bootstrap.
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
  describeParameters(prototype, method);
  Reflect.defineMetadata(ENTRY_PROVIDER, true, prototype.constructor);
}
