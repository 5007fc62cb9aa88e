import type * as OptionalMicroservice from './optional-microservice';
import * as microservice from '../microservice';
import {
  InjectRegistryClient,
  microserviceProviders,
  PgRegistryClient,
  PgRegistryServer,
} from './optional-microservice';

const missing = (): never => {
  const error = new Error("Cannot find module '@nestjs/microservices' from 'pg-registry.server.ts'");
  throw Object.assign(error, { code: 'MODULE_NOT_FOUND' });
};

function loadWith(factory: () => unknown): typeof OptionalMicroservice {
  let loaded!: typeof OptionalMicroservice;
  jest.isolateModules(() => {
    jest.doMock('@nestjs/microservices', factory);
    loaded = jest.requireActual<typeof OptionalMicroservice>('./optional-microservice');
  });
  jest.dontMock('@nestjs/microservices');
  return loaded;
}

describe('the optional microservice', () => {
  it('the microservice server is the one of microservice/ if @nestjs/microservices is installed', () => {
    expect(PgRegistryServer).toBe(microservice.PgRegistryServer);
    expect(PgRegistryClient).toBe(microservice.PgRegistryClient);
    expect(microserviceProviders()).toEqual([microservice.PgRegistryServer, microservice.PgRegistryClient]);
    expect(InjectRegistryClient()).toBeInstanceOf(Function);
  });

  it('the microservice server is a placeholder that names the missing package if @nestjs/microservices is not installed', () => {
    const absent = loadWith(missing);
    expect(absent.microserviceProviders()).toEqual([]);
    for (const name of ['PgRegistryServer', 'PgRegistryClient'] as const) {
      const placeholder = absent[name] as unknown as new () => object;
      expect(placeholder.name).toBe(name);
      expect(() => new placeholder()).toThrow(`${name} needs @nestjs/microservices`);
    }
  });

  it('any other failure to load the microservice server is thrown', () => {
    expect(() =>
      loadWith(() => {
        throw new Error('broken installation');
      }),
    ).toThrow('broken installation');
  });
});
