import 'reflect-metadata';

/**
 * The metadata key of handler parameters, described in the shape of Nest's own route arguments. Without a description Nest
 * silently runs no method or parameter pipe, so every decorated method gets one for its parameters.
 */
export const HANDLER_PARAMETERS = 'pg-registry:handler-parameters';

/** Nest's own: what `@Payload`, `@Ctx`, `@Body` and decorators made by `createParamDecorator` leave on a method. */
const NEST_PARAMETERS = '__routeArguments__';
/** Part of the keys of what decorators made by `createParamDecorator` leave. */
const CUSTOM = '__customRouteArgs__';

/** Parameter kinds as Nest numbers them: pipes see the payload as `'body'` and the context as `'custom'`. */
export const PAYLOAD_PARAMETER = 3;
const CONTEXT_PARAMETER = 6;

/** Decorators whose parameters only an HTTP request, or a gRPC call, has, by Nest's number of their kind. */
const FOREIGN: Readonly<Record<string, string>> = {
  0: '@Req',
  1: '@Res',
  2: '@Next',
  4: '@Query',
  5: '@Param',
  6: '@Headers',
  7: '@Session',
  8: '@UploadedFile',
  9: '@UploadedFiles',
  10: '@HostParam',
  11: '@Ip',
  12: '@RawBody',
};

/** One parameter, in the words of Nest. Its key is the kind and the index. */
interface Parameter {
  readonly index: number;
  /** What was given to the decorator: the name of a property of the payload, or nothing. */
  readonly data?: unknown;
  readonly pipes?: readonly unknown[];
}
type Parameters = Readonly<Record<string, Parameter>>;

/**
 * Describes the parameters of a handler method: the decorated ones as their decorators say, and of the others the first one as the payload
 * and the second one as the context. Parameter decorators run before those of the method.
 *
 * Nest sends every described parameter through the method's pipes, so a context that the method does not declare must not be
 * described: `@UsePipes(ParseIntPipe)` would fail on it.
 */
export function describeParameters(prototype: object, method: string | symbol): void {
  const { constructor } = prototype;
  const declared = (Reflect.getOwnMetadata(NEST_PARAMETERS, constructor, method) ?? {}) as Parameters;
  const isDeclared = new Set(Object.values(declared).map(({ index }) => index));
  const all: Record<string, Parameter> = { ...declared };
  const count = countParameters(prototype, method);
  if (!isDeclared.has(0)) all[`${PAYLOAD_PARAMETER}:0`] = described(0);
  if (!isDeclared.has(1) && count > 1) all[`${CONTEXT_PARAMETER}:1`] = described(1);
  Reflect.defineMetadata(HANDLER_PARAMETERS, all, constructor, method);
}

/** Describes a parameter as the context of the call, as Nest's `@Ctx` does. */
export function describeContext(prototype: object, method: string | symbol, index: number): void {
  const { constructor } = prototype;
  const declared = (Reflect.getMetadata(NEST_PARAMETERS, constructor, method) ?? {}) as Parameters;
  const all = { ...declared, [`${CONTEXT_PARAMETER}:${index}`]: described(index) };
  Reflect.defineMetadata(NEST_PARAMETERS, all, constructor, method);
}

/**
 * Returns how many arguments a method takes if they are just the payload and the context, in this order and without pipes: 1 or 2.
 * Undefined if it takes anything else.
 */
export function plainArguments(type: object, method: string): number | undefined {
  const parameters = Object.entries(parametersOf(type, method));
  return parameters.every(isPlain) ? parameters.length : undefined;
}

/** Returns the pipes of all parameters of a method. */
export function parameterPipes(type: object, method: string): readonly unknown[] {
  return Object.values(parametersOf(type, method)).flatMap(({ pipes = [] }) => pipes);
}

/** Returns the name of a decorator on one of the parameters that a call cannot give a value, if there is one. */
export function foreignParameter(type: object, method: string): string | undefined {
  for (const [key, { data }] of Object.entries(parametersOf(type, method))) {
    if (key.includes(CUSTOM)) continue;
    const [kind] = key.split(':');
    // Nest has one number for `@Ctx()` and `@Headers(name)`.
    const isOurs =
      kind === String(PAYLOAD_PARAMETER) || (kind === String(CONTEXT_PARAMETER) && data === undefined);
    if (!isOurs) return FOREIGN[kind] ?? `a decorator of kind ${kind}`;
  }
  return undefined;
}

function isPlain([key, { index, data, pipes = [] }]: readonly [string, Parameter]): boolean {
  const kind = index === 0 ? PAYLOAD_PARAMETER : CONTEXT_PARAMETER;
  return index < 2 && key === `${kind}:${index}` && data === undefined && pipes.length === 0;
}

function parametersOf(type: object, method: string): Parameters {
  return Reflect.getMetadata(HANDLER_PARAMETERS, type, method) as Parameters;
}

function described(index: number): Parameter {
  return { index, data: undefined, pipes: [] };
}

/** Counts parameters by the types that the compiler emits, because a function's length ends before its first default value. */
function countParameters(prototype: object, method: string | symbol): number {
  const { length } = Reflect.get(prototype, method) as (...args: unknown[]) => unknown;
  const types = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  return Math.max(length, types?.length ?? 0);
}
