import { Injectable } from '@nestjs/common';
import { type ContextId, ContextIdFactory, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { CreatedInstance, PreparedInstance, ProcessClass, ProcessFactory } from '../process';
import type { LocalProcess } from '../lifetime';
import { InvalidArgumentError } from '../term';
import { type DecoratedProvider, type InstanceWrapper, moduleRefOf } from './decorated-provider';
import { checkDecorators } from './decorator-checks';
import { GuardedHandlers } from './handlers/guarded-handlers';
import { RegistryExplorer } from './registry.explorer';

/**
 * Makes the instances of process classes with the injector of the module that provides the class. Each instance has a context of its
 * own: request-scoped dependencies exist once per process, and `@Inject(REQUEST)` gives the process's `LocalProcess`.
 */
@Injectable()
export class ModuleProcessFactory implements ProcessFactory {
  readonly #modules: ModulesContainer;
  readonly #explorer: RegistryExplorer;
  readonly #handlers: GuardedHandlers;

  constructor(modules: ModulesContainer, explorer: RegistryExplorer, handlers: GuardedHandlers) {
    this.#modules = modules;
    this.#explorer = explorer;
    this.#handlers = handlers;
  }

  prepare(type: ProcessClass, moduleRef: unknown): PreparedInstance {
    const wrapper = only(type, moduleRef, this.#providersOf(type, moduleRef));
    if (!wrapper.isTransient) {
      throw new InvalidArgumentError(
        `${type.name} must be transient, because each process has an instance of its own: provide it with ` +
          `@Injectable({ scope: Scope.TRANSIENT }). No process was started.`,
      );
    }
    const provider = this.#explorer.describe(wrapper);
    if (provider === undefined)
      throw new InvalidArgumentError(
        `${type.name} must be provided as a class (it comes from a factory). No process was started.`,
      );
    // The explorer has not checked modules that were loaded after the bootstrap.
    checkDecorators(provider);
    return { create: (process) => this.#create(provider, process) };
  }

  async #create(provider: DecoratedProvider, process: LocalProcess): Promise<CreatedInstance> {
    const moduleRef = moduleRefOf(provider.wrapper);
    const contextId: ContextId = ContextIdFactory.create();
    moduleRef.registerRequestByContextId(process, contextId);
    const instance = await moduleRef.resolve<object>(provider.wrapper.token as string, contextId, {
      strict: true,
    });
    // Nothing to destroy: Nest holds what it made for a context weakly, by the context's id.
    return {
      instance,
      handlers: this.#handlers.ofProcess(provider, instance, contextId),
      destroy: () => undefined,
    };
  }

  /** Finds the class in every module, or in the module of the given `ModuleRef`. */
  #providersOf(type: ProcessClass, moduleRef: unknown): InstanceWrapper[] {
    const modules = [...this.#modules.values()].filter(
      ({ providers }) => moduleRef === undefined || providers.get(ModuleRef)?.instance === moduleRef,
    );
    return modules.flatMap(({ providers }) => {
      const wrapper = providers.get(type);
      return wrapper === undefined || wrapper.isAlias ? [] : [wrapper];
    });
  }
}

function only(
  { name }: ProcessClass,
  moduleRef: unknown,
  [wrapper, ...more]: InstanceWrapper[],
): InstanceWrapper {
  if (wrapper === undefined) {
    const reason =
      moduleRef === undefined
        ? 'no module provides it'
        : 'the module of the given moduleRef does not provide it';
    throw new InvalidArgumentError(
      `${name} was not started: ${reason}. Give it @Injectable({ scope: Scope.TRANSIENT }) and add it to the providers of a module.`,
    );
  }
  if (more.length === 0) return wrapper;
  const modules = [wrapper, ...more].map(({ host }) => host?.name);
  throw new InvalidArgumentError(
    `${name} was not started: ${modules.join(', ')} provide it. Choose one with { moduleRef }: the ModuleRef that is injected in that module.`,
  );
}
