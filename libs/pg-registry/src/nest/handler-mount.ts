import { Injectable } from '@nestjs/common';
import { type ContextId, ContextIdFactory, ExternalContextCreator, type ModuleRef } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { type CallContext, type Handler, HandlerTable } from '../calls';
import type { Value } from '../term';
import { bareHandler } from './bare-method';
import { HANDLER_PARAMETERS, PAYLOAD_PARAMETER } from './decorators/handlers.decorator';
import type { Finding } from './finding';
import { moduleRefOf } from './module-ref-of';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** What `@Inject(REQUEST)` gives in the sub-tree that a call of a request-scoped provider or controller gets. */
export interface CallRequest {
  /** As it was sent: no pipe has seen it. */
  readonly payload: Value;
  /** Who asks, with which headers, and whether anybody still waits. */
  readonly context: CallContext;
}

/** What Nest calls with the arguments of a call to find the value of one described parameter. */
const parameters = {
  exchangeKeyForValue: (type: number, _data: unknown, [payload, context]: [Value, CallContext]) =>
    type === PAYLOAD_PARAMETER ? payload : context,
};

/**
 * Makes the handlers of a provider out of its decorated methods. Each runs through Nest's `ExternalContextCreator`: pipes,
 * guards, interceptors and filters of the method, the class and the application, with context type `'rpc'`.
 */
@Injectable()
export class HandlerMount {
  readonly #contexts: ExternalContextCreator;

  constructor(contexts: ExternalContextCreator) {
    this.#contexts = contexts;
  }

  /** The handlers of a registered provider or controller; a request-scoped one gets a sub-tree of its own for each call. */
  ofProvider(finding: Finding): HandlerTable {
    const { requestScoped, wrapper } = finding;
    if (!requestScoped)
      return table(finding, (method) => this.#bound(finding, wrapper.instance as object, method));
    const moduleRef = moduleRefOf(wrapper);
    return table(finding, (method) => this.#perCall(finding, moduleRef, method));
  }

  /** The handlers of one instance of a process class, with the enhancers that Nest made in its context. */
  ofProcess(finding: Finding, instance: object, contextId: ContextId): HandlerTable {
    return table(finding, (method) => this.#bound(finding, instance, method, contextId));
  }

  #bound(finding: Finding, instance: object, method: string, contextId?: ContextId): Handler {
    const bare = bareHandler(this.#contexts, { finding, instance, name: method, contextId });
    if (bare !== undefined) return bare;
    const { wrapper } = finding;
    const callback = (instance as Methods)[method];
    const run = amongProviders(finding, () =>
      this.#contexts.create(
        instance,
        callback,
        method,
        HANDLER_PARAMETERS,
        parameters,
        contextId,
        wrapper.id,
        undefined,
        'rpc',
      ),
    ) as (...args: unknown[]) => Promise<unknown>;
    return async (payload, context) => {
      const answer = await run(payload, context);
      // Nest waits for the Observable of a handler, but not for that of a filter, as filters for microservices return them.
      return isObservable(answer) ? lastValueFrom(answer) : answer;
    };
  }

  #perCall(finding: Finding, moduleRef: ModuleRef, method: string): Handler {
    return async (payload, context) => {
      const request: CallRequest = { payload, context };
      const contextId: ContextId = ContextIdFactory.getByRequest(request);
      moduleRef.registerRequestByContextId(contextId.getParent ? contextId.payload : request, contextId);
      const instance = await moduleRef.resolve<object>(finding.wrapper.token as string, contextId, {
        strict: true,
      });
      return await this.#bound(finding, instance, method, contextId)(payload, context);
    };
  }
}

/**
 * Runs `make` while the class is to be found among the providers of its module. That is where Nest looks for the module of a
 * handler's class, and with the module for its guards: those of a controller, or of a class that is provided under another
 * token only, would not run, without a word. Given back at once, so that no hook runs twice.
 */
function amongProviders<T>({ type, wrapper }: Finding, make: () => T): T {
  const providers = wrapper.host?.providers;
  if (providers === undefined || providers.has(type)) return make();
  providers.set(type, wrapper);
  try {
    return make();
  } finally {
    providers.delete(type);
  }
}

function table({ type, handlers }: Finding, make: (method: string) => Handler): HandlerTable {
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
