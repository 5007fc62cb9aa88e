import { Inject, Logger, Optional } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { PgRegistryNode } from '../../node';

/** The property by which Nest hands over the modules of the application. A setter takes it, so instances stay as they are. */
const MODULES = Symbol('pg-registry:modules');

/**
 * Warns, once per application and class, when Nest makes an instance of a decorated class in an application without
 * `PgRegistryModule.forRoot`: nothing of this library runs there that could find the decorator.
 *
 * @param decorator Its name, and what follows from its having no effect, for the warning.
 */
export function warnWithoutRegistry(
  type: abstract new (...args: never[]) => object,
  decorator: string,
  consequence: string,
): void {
  const warned = new WeakSet<ModulesContainer>();
  const prototype = type.prototype as object;
  Object.defineProperty(prototype, MODULES, {
    configurable: true,
    set(modules: ModulesContainer) {
      const isSubclass = Object.getPrototypeOf(this) !== prototype;
      if (isSubclass || warned.has(modules) || hasRegistry(modules)) return;
      warned.add(modules);
      new Logger('PgRegistry').warn(
        `${type.name} has ${decorator}, but this application has no registry, ${consequence}. Import ` +
          'PgRegistryModule.forRoot(…) in the root module.',
      );
    },
  });
  Optional()(prototype, MODULES);
  Inject(ModulesContainer)(prototype, MODULES);
}

function hasRegistry(modules: ModulesContainer): boolean {
  for (const { providers } of modules.values()) if (providers.has(PgRegistryNode)) return true;
  return false;
}
