import type { CanActivate, ExecutionContext, NestInterceptor, PipeTransform } from '@nestjs/common';
import type { ContextId, ExternalContextCreator } from '@nestjs/core';
import type { DecoratedProvider } from '../decorated-provider';
import { HandlerFailures, isExceptionsHandler } from './handler-failures';

/** A handler method of one instance. */
export interface HandlerMethod {
  readonly provider: DecoratedProvider;
  readonly instance: object;
  readonly name: string;
  readonly contextId: ContextId | undefined;
}

/** What Nest runs around a method: its own, its class's and the application's, in Nest's order. */
export interface Enhancers {
  readonly guards: readonly CanActivate[];
  readonly interceptors: readonly NestInterceptor[];
  readonly pipes: readonly PipeTransform[];
  readonly failures: HandlerFailures;
  /** Makes what guards and interceptors are shown. */
  readonly contextOf: (args: readonly unknown[]) => ExecutionContext;
}

type RpcContext = ExecutionContext & { setType(type: string): void };

/**
 * Finds what Nest runs around a method, by members of `ExternalContextCreator` that are not public, but the same in Nest 11 and 12.
 *
 * @returns Undefined if this version of Nest does not tell.
 */
export function enhancersOf(contexts: ExternalContextCreator, method: HandlerMethod): Enhancers | undefined {
  const guards = found(contexts, 'guardsContextCreator', method) as Enhancers['guards'] | undefined;
  const interceptors = found(contexts, 'interceptorsContextCreator', method) as
    Enhancers['interceptors'] | undefined;
  const pipes = found(contexts, 'pipesContextCreator', method) as Enhancers['pipes'] | undefined;
  const failures = failuresOf(contexts, method);
  const consumer = Reflect.get(contexts, 'guardsConsumer') as
    { createContext?(args: readonly unknown[], instance: object, callback: unknown): RpcContext } | undefined;
  if (guards === undefined || interceptors === undefined || pipes === undefined) return undefined;
  if (failures === undefined || typeof consumer?.createContext !== 'function') return undefined;
  const { instance, name } = method;
  const callback: unknown = Reflect.get(instance, name);
  const contextOf = (args: readonly unknown[]): ExecutionContext => {
    const context = consumer.createContext!(args, instance, callback);
    context.setType('rpc');
    return context;
  };
  return { guards, interceptors, pipes, failures, contextOf };
}

/** Finds what Nest does with the errors of a method. Undefined if this version of Nest does not tell. */
export function failuresOf(
  contexts: ExternalContextCreator,
  method: HandlerMethod,
): HandlerFailures | undefined {
  const exceptions = find(contexts, 'filtersContextCreator', method);
  return isExceptionsHandler(exceptions) ? new HandlerFailures(exceptions) : undefined;
}

function found(contexts: object, finder: string, method: HandlerMethod): readonly unknown[] | undefined {
  const list = find(contexts, finder, method);
  return Array.isArray(list) ? (list as unknown[]) : undefined;
}

/** Asks one of Nest's finders in the same way as Nest's context does. */
function find(
  contexts: object,
  finder: string,
  { provider, instance, name, contextId }: HandlerMethod,
): unknown {
  const { wrapper } = provider;
  const finds = Reflect.get(contexts, finder) as { create?(...args: unknown[]): unknown } | undefined;
  return finds?.create?.(instance, Reflect.get(instance, name), wrapper.host?.token, contextId, wrapper.id);
}
