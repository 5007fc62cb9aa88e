import { Injectable } from '@nestjs/common';
import { ContextIdFactory, ExternalContextCreator, ModuleRef } from '@nestjs/core';
import { type CallContext, type Handler, HandlerTable } from '../process';
import type { Value } from '../term';
import { HANDLER_PARAMETERS, type HandlerMetadata, PAYLOAD_PARAMETER } from './decorators/handlers.decorator';
import type { Decorated, Finding, ProviderWrapper } from './registry.explorer';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

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
  constructor(private readonly contexts: ExternalContextCreator) {}

  /** The handlers of a discovered provider or controller; a request-scoped one gets a sub-tree of its own for each call. */
  of({ wrapper, type, requestScoped, handlers }: Finding): HandlerTable {
    const make = requestScoped
      ? (method: string) => this.#perCall(wrapper, method)
      : (method: string) => this.#bound(wrapper.instance as object, method);
    return table(type.name, handlers, make);
  }

  /**
   * The handlers of one instance that was created in a context of its own.
   *
   * @param host The provider that the instance was made from, for the enhancers that Nest keeps with it.
   */
  ofInstance(
    instance: object,
    handlers: readonly Decorated<HandlerMetadata>[],
    host: { readonly contextId: { readonly id: number }; readonly wrapper: ProviderWrapper },
  ): HandlerTable {
    return table(instance.constructor.name, handlers, (method) =>
      this.#bound(instance, method, host.contextId, host.wrapper.id),
    );
  }

  #bound(
    instance: object,
    method: string,
    contextId?: { readonly id: number },
    inquirerId?: string,
  ): Handler {
    const callback = (instance as Methods)[method];
    return this.contexts.create(
      instance,
      callback,
      method,
      HANDLER_PARAMETERS,
      parameters,
      contextId,
      inquirerId,
      undefined,
      'rpc',
    );
  }

  #perCall(wrapper: ProviderWrapper, method: string): Handler {
    const moduleRef = wrapper.host?.providers.get(ModuleRef)?.instance as ModuleRef;
    return async (payload, context) => {
      const contextId = ContextIdFactory.create();
      // What `@Inject(REQUEST)` gives in this sub-tree.
      moduleRef.registerRequestByContextId({ payload, context }, contextId);
      const instance = await moduleRef.resolve<object>(wrapper.token as string, contextId, { strict: true });
      return await this.#bound(instance, method, contextId, wrapper.id)(payload, context);
    };
  }
}

function table(
  owner: string,
  handlers: readonly Decorated<HandlerMetadata>[],
  make: (method: string) => Handler,
): HandlerTable {
  const calls = new Map<string, Handler>();
  const casts = new Map<string, Handler>();
  let message: Handler | undefined;
  for (const { method, metadata } of handlers) {
    if (metadata.kind === 'call') calls.set(metadata.name, make(method));
    else if (metadata.kind === 'cast') casts.set(metadata.name, make(method));
    else message = make(method);
  }
  return new HandlerTable(owner, { calls, casts, message });
}
