import type { Observable } from 'rxjs';
import type { CallContext, CallOptions } from '../calls';

/** The type that a call resolves to if its handler returns `R`. An Observable answers with its last value. */
export type CallResult<R> = Awaited<R> extends Observable<infer T> ? T : Awaited<R>;

/**
 * The handlers of `T` as callers see them. Methods with at most one parameter beside the context become
 * `(payload, options?) => Promise`; everything else is `never`.
 */
export type Remote<T> = { readonly [K in keyof T]: RemoteMethod<T[K]> };

/** The remote form of one method. */
export type RemoteMethod<M> = M extends () => infer R
  ? (payload?: undefined, options?: CallOptions) => Promise<CallResult<R>>
  : M extends (payload: infer P) => infer R
    ? RemoteWithPayload<P, R>
    : M extends (payload: infer P, context: CallContext) => infer R
      ? RemoteWithPayload<P, R>
      : never;

type RemoteWithPayload<P, R> = undefined extends P
  ? (payload?: P, options?: CallOptions) => Promise<CallResult<R>>
  : (payload: P, options?: CallOptions) => Promise<CallResult<R>>;

/**
 * Names that `await`, JSON and Nest look up on any object, and would call if they found a function.
 * `constructor` makes the proxy look like an object without a class.
 */
const NOT_HANDLERS: ReadonlySet<string> = new Set([
  'then',
  'toJSON',
  'constructor',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/** Makes an object whose property `name` is the function `(payload, options) => call(name, payload, options)`. */
export function makeProxy<T>(
  call: (name: string, payload: unknown, options?: CallOptions) => Promise<unknown>,
): Remote<T> {
  const nothing: Remote<T> = Object.freeze(Object.create(null));
  return new Proxy(nothing, {
    get: (_target, name) => {
      if (typeof name === 'symbol' || NOT_HANDLERS.has(name)) return undefined;
      return (payload: unknown, options?: CallOptions) => call(name, payload, options);
    },
  });
}
