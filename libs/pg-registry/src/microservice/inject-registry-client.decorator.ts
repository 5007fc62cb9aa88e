import { Inject } from '@nestjs/common';
import { PgRegistryClient } from './pg-registry.client';

/** Injects the application's {@link PgRegistryClient}. The same as injecting by its type, or as a `ClientProxy` by `@Inject`. */
export function InjectRegistryClient(): ParameterDecorator & PropertyDecorator {
  return Inject(PgRegistryClient);
}
