/**
 * The one place that loads `microservice/`, because everything else of the library must load without `@nestjs/microservices`.
 */
import { Inject, type Provider } from '@nestjs/common';
import { InvalidOptionError, isMissingPackage } from '../term';
import type { PgRegistryClient as Client, PgRegistryServer as Server } from '../microservice';

/** What this file uses of `microservice/`, which can be loaded only if the package is installed. */
interface Microservice {
  readonly PgRegistryServer: typeof Server;
  readonly PgRegistryClient: typeof Client;
}
type Constructor = abstract new (...args: never[]) => object;

const PACKAGE = '@nestjs/microservices';
const microservice = load();

/** The class of `microservice/`. Without `@nestjs/microservices` a class whose constructor throws InvalidOptionError. */
export const PgRegistryServer = (microservice?.PgRegistryServer ??
  placeholder('PgRegistryServer')) as typeof Server;
export type PgRegistryServer = Server;

/** The class of `microservice/`. Without `@nestjs/microservices` a class whose constructor throws InvalidOptionError. */
export const PgRegistryClient = (microservice?.PgRegistryClient ??
  placeholder('PgRegistryClient')) as typeof Client;
export type PgRegistryClient = Client;

/** Injects the application's {@link PgRegistryClient}: the same as injecting by its type. */
export function InjectRegistryClient(): ParameterDecorator & PropertyDecorator {
  return Inject(PgRegistryClient);
}

/** Returns the providers of `microservice/` for a Nest module: none if `@nestjs/microservices` is not installed. */
export function microserviceProviders(): (Provider & Constructor)[] {
  return microservice === undefined ? [] : [microservice.PgRegistryServer, microservice.PgRegistryClient];
}

/** Returns undefined if the package is not installed. The `require` stands in a `try`, so that bundlers take it for an optional one. */
function load(): Microservice | undefined {
  try {
    return require('../microservice') as Microservice;
  } catch (error) {
    if (isMissingPackage(error, PACKAGE)) return undefined;
    throw error;
  }
}

function placeholder(name: string): unknown {
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
