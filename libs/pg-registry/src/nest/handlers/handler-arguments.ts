import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import type { ExternalContextCreator } from '@nestjs/core';
import type { CallContext } from '../../calls';
import { thenOf } from '../../lifetime';
import type { Value } from '../../term';
import { HANDLER_PARAMETERS, PAYLOAD_PARAMETER } from '../decorators/handler-parameters';
import type { HandlerMethod } from './enhancers';

/** Returns the arguments of a method for the payload and the context of a call; a promise if a pipe or a decorator returned one. */
export type ArgumentsOf = (given: readonly unknown[]) => unknown[] | Promise<unknown[]>;

/** One described parameter, as Nest reads it from the metadata of the method. */
interface Parameter {
  readonly index: number;
  /** Nest's number of its kind, or the key of a decorator made by `createParamDecorator`. */
  readonly type: number | string;
  readonly data?: ArgumentMetadata['data'];
  /** What the parameter decorators of Nest 12 may be given. */
  readonly schema?: unknown;
  readonly pipes: readonly PipeTransform[];
  /** @param given Payload and context. */
  extractValue(...given: readonly unknown[]): unknown;
}

/** Nest calls it with the arguments of a call to get the value of one described parameter. */
export const PARAMETERS = {
  exchangeKeyForValue: (type: number, data: unknown, [payload, context]: [Value, CallContext]) => {
    if (type !== PAYLOAD_PARAMETER) return context;
    return typeof data === 'string' ? propertyOf(payload, data) : payload;
  },
};

/** Returns the part of a payload that `@Payload(name)` asks for. */
function propertyOf(payload: Value, name: string): unknown {
  return typeof payload === 'object' && payload !== null && Object.hasOwn(payload, name)
    ? Reflect.get(payload, name)
    : undefined;
}

/** Makes what sends each parameter of a method through the pipes that were found for it and its own, as Nest does. */
export function argumentsOf(
  contexts: ExternalContextCreator,
  method: HandlerMethod,
  pipes: readonly PipeTransform[],
): ArgumentsOf {
  const { instance, name, contextId } = method;
  const { wrapper } = method.provider;
  const metadata = contexts.getMetadata(instance, name, HANDLER_PARAMETERS, PARAMETERS, 'rpc');
  const types = metadata.paramtypes as readonly ArgumentMetadata['metatype'][] | undefined;
  const described = metadata.getParamsMetadata(
    wrapper.host?.token ?? '',
    contextId,
    wrapper.id,
  ) as unknown as readonly Parameter[];
  warnOfMissingTypes(contexts, [instance, name, types, pipes, described]);
  const sources = described.map((parameter) => sourceOf(parameter, pipes, types?.[parameter.index]));
  const count = metadata.argsLength;
  return (given) => {
    const args = Array.from<unknown>({ length: count });
    let later: Promise<void>[] | undefined;
    for (const [at, source] of sources.entries()) {
      const { index } = described[at];
      let value: unknown;
      try {
        value = source(given);
      } catch (error) {
        if (later === undefined) throw error;
        // Not before the others have ended, whose errors nobody would hear of.
        return Promise.all(later).then(() => {
          throw error;
        });
      }
      if (thenOf(value) !== 'callable') args[index] = value;
      else (later ??= []).push(Promise.resolve(value).then((arrived) => void (args[index] = arrived)));
    }
    return later === undefined ? args : Promise.all(later).then(() => args);
  };
}

/** Lets Nest warn of a ValidationPipe that has no type to validate against, as it does where it applies the pipes itself. */
function warnOfMissingTypes(contexts: ExternalContextCreator, about: readonly unknown[]): void {
  const helpers = Reflect.get(contexts, 'contextUtils') as
    { warnOnMissingParamtypes?(...about: readonly unknown[]): void } | undefined;
  helpers?.warnOnMissingParamtypes?.(...about);
}

function sourceOf(
  parameter: Parameter,
  found: readonly PipeTransform[],
  metatype: ArgumentMetadata['metatype'],
): (given: readonly unknown[]) => unknown {
  const { type, data, schema } = parameter;
  const pipes = [...found, ...parameter.pipes];
  const metadata: ArgumentMetadata = {
    metatype,
    type: type === PAYLOAD_PARAMETER ? 'body' : 'custom',
    data,
    ...(schema !== undefined && { schema }),
  };
  return (given) => {
    let value = parameter.extractValue(...given);
    for (let index = 0; index < pipes.length; index += 1) {
      if (thenOf(value) === 'callable') return pipedLater(value, pipes.slice(index), metadata);
      // A copy, because the pipe may keep it or write to it.
      value = pipes[index].transform(value, { ...metadata });
    }
    return value;
  };
}

async function pipedLater(
  first: unknown,
  pipes: readonly PipeTransform[],
  metadata: ArgumentMetadata,
): Promise<unknown> {
  let value = await first;
  // oxlint-disable-next-line no-await-in-loop
  for (const pipe of pipes) value = await pipe.transform(value, { ...metadata });
  return value;
}
