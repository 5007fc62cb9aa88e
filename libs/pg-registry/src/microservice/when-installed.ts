import { Inject, type Provider } from '@nestjs/common';
import { whenInstalled } from '../node';
import { InvalidOptionError } from '../term';
import type { PgRegistryClient as Client } from './pg-registry.client';
import type { PgRegistryServer as Server } from './pg-registry.server';

/** What is asked of this room's index, which can be loaded only where the package is installed. */
interface Microservice {
  readonly PgRegistryServer: typeof Server;
  readonly PgRegistryClient: typeof Client;
}
type Constructor = abstract new (...args: never[]) => object;

const PACKAGE = '@nestjs/microservices';
const microservice = whenInstalled(PACKAGE, () => require('.') as Microservice);

/** See `PgRegistryServer` of this room. Without `@nestjs/microservices` a class that only says so. */
export const PgRegistryServer = (microservice?.PgRegistryServer ??
  standIn('PgRegistryServer')) as typeof Server;
export type PgRegistryServer = Server;

/** See `PgRegistryClient` of this room. Without `@nestjs/microservices` a class that only says so. */
export const PgRegistryClient = (microservice?.PgRegistryClient ??
  standIn('PgRegistryClient')) as typeof Client;
export type PgRegistryClient = Client;

/** Injects the application's {@link PgRegistryClient}: the same as injecting by its type. */
export function InjectRegistryClient(): ParameterDecorator & PropertyDecorator {
  return Inject(PgRegistryClient);
}

/** The providers of this room for a Nest module: none where `@nestjs/microservices` is not installed. */
export function microserviceProviders(): (Provider & Constructor)[] {
  return microservice === undefined ? [] : [microservice.PgRegistryServer, microservice.PgRegistryClient];
}

function standIn(name: string): unknown {
  const named = {
    [name]: class {
      constructor() {
        throw new InvalidOptionError(
          `${name} needs ${PACKAGE}, which is not installed: npm install ${PACKAGE}`,
          { option: name },
        );
      }
    },
  };
  return named[name];
}
