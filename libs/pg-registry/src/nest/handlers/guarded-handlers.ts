/**
 * Where Nest's guards, pipes, interceptors and exception filters are applied to the handlers of `@HandleCall`, `@HandleCast`
 * and `@HandleMessage`: those of the method, of the class and of the application, with context type `'rpc'`.
 *
 * The library runs what Nest finds for a method, see `enhanced-handler.ts`; a method for which it finds nothing is called directly, see
 * `unguarded-handler.ts`. If a version of Nest does not tell what it finds, its own `ExternalContextCreator` runs all.
 */
import { Injectable } from '@nestjs/common';
import { type ContextId, ContextIdFactory, ExternalContextCreator, type ModuleRef } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { type CallContext, type Handler, HandlerTable } from '../../calls';
import type { Value } from '../../term';
import { type DecoratedProvider, moduleRefOf } from '../decorated-provider';
import { HANDLER_PARAMETERS } from '../decorators/handler-parameters';
import { enhancedHandler } from './enhanced-handler';
import { enhancersOf, failuresOf } from './enhancers';
import { PARAMETERS } from './handler-arguments';
import { unguardedHandler } from './unguarded-handler';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** What `@Inject(REQUEST)` gives in the sub-tree that Nest makes for each call of a request-scoped provider or controller. */
export interface CallRequest {
  /** The payload as it was sent, before any pipe. */
  readonly payload: Value;
  /** The caller, its headers, and a signal that aborts when nobody waits any more. */
  readonly context: CallContext;
}

/** Makes the handlers of providers and process classes from their decorated methods. */
@Injectable()
export class GuardedHandlers {
  readonly #contexts: ExternalContextCreator;

  constructor(contexts: ExternalContextCreator) {
    this.#contexts = contexts;
  }

  /** Makes the handlers of a registered provider or controller. Each call of a request-scoped one gets an instance of its own. */
  ofProvider(provider: DecoratedProvider): HandlerTable {
    const { requestScoped, wrapper } = provider;
    if (!requestScoped)
      return table(provider, (method) => this.#handler(provider, wrapper.instance as object, method));
    const moduleRef = moduleRefOf(wrapper);
    return table(provider, (method) => this.#handlerPerCall(provider, moduleRef, method));
  }

  /** Makes the handlers of one instance of a process class, with the guards that Nest made in the instance's context. */
  ofProcess(provider: DecoratedProvider, instance: object, contextId: ContextId): HandlerTable {
    return table(provider, (method) => this.#handler(provider, instance, method, contextId));
  }

  #handler(provider: DecoratedProvider, instance: object, name: string, contextId?: ContextId): Handler {
    const method = { provider, instance, name, contextId };
    const enhancers = enhancersOf(this.#contexts, method);
    if (enhancers !== undefined) {
      return unguardedHandler(method, enhancers) ?? enhancedHandler(this.#contexts, method, enhancers);
    }
    const failures = failuresOf(this.#contexts, method);
    const { wrapper } = provider;
    const callback = (instance as Methods)[name];
    const run = amongProviders(provider, () =>
      this.#contexts.create(
        instance,
        callback,
        name,
        HANDLER_PARAMETERS,
        PARAMETERS,
        contextId,
        wrapper.id,
        { guards: true, interceptors: true, filters: failures === undefined },
        'rpc',
      ),
    ) as (...args: unknown[]) => Promise<unknown>;
    return async (payload, context) => {
      let answer: unknown;
      try {
        answer = await run(payload, context);
      } catch (error) {
        if (failures === undefined) throw error;
        answer = await failures.handle(error, [payload, context]);
      }
      // Nest waits for the Observable of a handler, but not for that of a filter; filters for microservices return them.
      return isObservable(answer) ? lastValueFrom(answer) : answer;
    };
  }

  #handlerPerCall(provider: DecoratedProvider, moduleRef: ModuleRef, method: string): Handler {
    return async (payload, context) => {
      const request: CallRequest = { payload, context };
      const contextId: ContextId = ContextIdFactory.getByRequest(request);
      moduleRef.registerRequestByContextId(contextId.getParent ? contextId.payload : request, contextId);
      const instance = await moduleRef.resolve<object>(provider.wrapper.token as string, contextId, {
        strict: true,
      });
      return await this.#handler(provider, instance, method, contextId)(payload, context);
    };
  }
}

/**
 * Runs `make` while the class is listed among the providers of its module, and takes it off the list afterwards, so that no hook runs twice.
 *
 * Nest looks there for the module of a handler's class, and with the module for its guards. Without this, the guards of a controller, or of a
 * class that is provided under another token only, would silently not run.
 */
function amongProviders<T>({ type, wrapper }: DecoratedProvider, make: () => T): T {
  const providers = wrapper.host?.providers;
  if (providers === undefined || providers.has(type)) return make();
  providers.set(type, wrapper);
  try {
    return make();
  } finally {
    providers.delete(type);
  }
}

function table({ type, handlers }: DecoratedProvider, make: (method: string) => Handler): HandlerTable {
  const calls = new Map<string, Handler>();
  const casts = new Map<string, Handler>();
  let message: Handler | undefined;
  for (const { method, metadata } of handlers) {
    if (metadata.kind === 'call') calls.set(metadata.name, make(method));
    else if (metadata.kind === 'cast') casts.set(metadata.name, make(method));
    else message = make(method);
  }
  return new HandlerTable(type.name, { calls, casts, message });
}
