import { Injectable } from '@nestjs/common';
import { type ContextId, ContextIdFactory, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { CreatedInstance, PreparedInstance, ProcessClass, ProcessFactory } from '../process';
import type { LocalProcess } from '../lifetime';
import { InvalidArgumentError } from '../term';
import type { Finding, ProviderWrapper } from './finding';
import { HandlerMount } from './handler-mount';
import { refuseMisuse } from './misuse';
import { moduleRefOf } from './module-ref-of';
import { RegistryExplorer } from './registry.explorer';

/**
 * Makes the instances of process classes with the injector of the module that provides the class, each in a context of its
 * own: what is request-scoped is made once per process, and `@Inject(REQUEST)` gives the process's `LocalProcess`.
 */
@Injectable()
export class ModuleProcessFactory implements ProcessFactory {
  readonly #modules: ModulesContainer;
  readonly #explorer: RegistryExplorer;
  readonly #handlers: HandlerMount;

  constructor(modules: ModulesContainer, explorer: RegistryExplorer, handlers: HandlerMount) {
    this.#modules = modules;
    this.#explorer = explorer;
    this.#handlers = handlers;
  }

  prepare(type: ProcessClass, moduleRef: unknown): PreparedInstance {
    const wrapper = only(type, moduleRef, this.#providersOf(type, moduleRef));
    if (!wrapper.isTransient) {
      throw new InvalidArgumentError(
        `${type.name} has one instance for everybody, and a process has one of its own: provide ${type.name} with ` +
          `@Injectable({ scope: Scope.TRANSIENT }). Nothing was started.`,
      );
    }
    const finding = this.#explorer.find(wrapper);
    if (finding === undefined)
      throw new InvalidArgumentError(`${type.name} is made by a factory; provide it as a class.`);
    // Again, for modules that were loaded after the bootstrap.
    refuseMisuse(finding);
    return { create: (process) => this.#create(finding, process) };
  }

  async #create(finding: Finding, process: LocalProcess): Promise<CreatedInstance> {
    const moduleRef = moduleRefOf(finding.wrapper);
    const contextId: ContextId = ContextIdFactory.create();
    moduleRef.registerRequestByContextId(process, contextId);
    const instance = await moduleRef.resolve<object>(finding.wrapper.token as string, contextId, {
      strict: true,
    });
    // Nest holds what it made for a context by the context's id, weakly: when the process is forgotten, all of it is.
    return {
      instance,
      handlers: this.#handlers.ofProcess(finding, instance, contextId),
      destroy: () => undefined,
    };
  }

  /** The class as each module provides it, or the one of the given `ModuleRef`. */
  #providersOf(type: ProcessClass, moduleRef: unknown): ProviderWrapper[] {
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
  [wrapper, ...more]: ProviderWrapper[],
): ProviderWrapper {
  if (wrapper === undefined) {
    const nobody =
      moduleRef === undefined
        ? 'no module provides it'
        : 'the module of the given moduleRef does not provide it';
    throw new InvalidArgumentError(
      `${name} was not started: ${nobody}. Give it @Injectable({ scope: Scope.TRANSIENT }) and name it in the providers of one.`,
    );
  }
  if (more.length === 0) return wrapper;
  const modules = [wrapper, ...more].map(({ host }) => host?.name);
  throw new InvalidArgumentError(
    `${name} was not started: ${modules.join(', ')} provide it. Choose one with { moduleRef }, the ModuleRef that is injected there.`,
  );
}
