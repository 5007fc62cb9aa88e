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
 * Names that `await`, JSON, loggers, test runners and Nest look up on any object, and would call if they found a function. A handler of
 * such a name is called by `call(to, name)`.
 */
const NOT_HANDLERS: ReadonlySet<string> = new Set([
  // What every object inherits: toString, valueOf, hasOwnProperty, constructor, __proto__ and so on.
  ...Object.getOwnPropertyNames(Object.prototype),
  'then',
  'toJSON',
  'inspect',
  'asymmetricMatch',
  '$$typeof',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * Makes an object whose property `name` is the function `(payload, options) => call(name, payload, options)`. To all that prints or
 * examines it, it is an object without properties: nothing but a call of one of its methods calls a handler.
 *
 * @param text What is printed for it.
 */
export function makeProxy<T>(
  text: string,
  call: (name: string, payload: unknown, options?: CallOptions) => Promise<unknown>,
): Remote<T> {
  const target: Remote<T> = Object.freeze(Object.create(null, propertiesOf(text)));
  return new Proxy(target, {
    get: (_target, name) => {
      if (typeof name === 'symbol' || NOT_HANDLERS.has(name)) return Reflect.get(target, name) as unknown;
      return (payload: unknown, options?: CallOptions) => call(name, payload, options);
    },
  });
}

/** The methods of Object that a proxy answers as any object would. The others are undefined. */
const INHERITED = ['valueOf', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable'];

/** None is enumerable, so that a copy or JSON of the proxy is an empty object. */
function propertiesOf(text: string): PropertyDescriptorMap {
  const toText = { value: (): string => text };
  const inherited = INHERITED.map((name) => [name, { value: Reflect.get(Object.prototype, name) }] as const);
  return {
    ...Object.fromEntries(inherited),
    toString: toText,
    toLocaleString: toText,
    [Symbol.toPrimitive]: toText,
    [Symbol.toStringTag]: { value: 'Remote' },
    [Symbol.for('nodejs.util.inspect.custom')]: toText,
  };
}
