import { ModuleRef } from '@nestjs/core';
import type { ProviderWrapper } from './finding';

/** The injector of the module that a provider belongs to. */
export function moduleRefOf({ host, name }: ProviderWrapper): ModuleRef {
  const moduleRef: unknown = host?.providers.get(ModuleRef)?.instance;
  if (moduleRef instanceof ModuleRef) return moduleRef;
  throw new TypeError(`Nest knows no module of ${String(name)}.`);
}
