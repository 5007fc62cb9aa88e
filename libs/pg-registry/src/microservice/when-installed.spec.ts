import type * as WhenInstalled from './when-installed';
import * as microservice from '.';
import {
  InjectRegistryClient,
  microserviceProviders,
  PgRegistryClient,
  PgRegistryServer,
} from './when-installed';

const missing = (): never => {
  const error = new Error("Cannot find module '@nestjs/microservices' from 'pg-registry.server.ts'");
  throw Object.assign(error, { code: 'MODULE_NOT_FOUND' });
};

function loadWith(factory: () => unknown): typeof WhenInstalled {
  let loaded!: typeof WhenInstalled;
  jest.isolateModules(() => {
    jest.doMock('@nestjs/microservices', factory);
    loaded = jest.requireActual<typeof WhenInstalled>('./when-installed');
  });
  jest.dontMock('@nestjs/microservices');
  return loaded;
}

describe('the microservice room', () => {
  it('is there where @nestjs/microservices is installed', () => {
    expect(PgRegistryServer).toBe(microservice.PgRegistryServer);
    expect(PgRegistryClient).toBe(microservice.PgRegistryClient);
    expect(microserviceProviders()).toEqual([microservice.PgRegistryServer, microservice.PgRegistryClient]);
    expect(InjectRegistryClient()).toBeInstanceOf(Function);
  });

  it('is left out where it is not, and says so to whoever needs it', () => {
    const absent = loadWith(missing);
    expect(absent.microserviceProviders()).toEqual([]);
    for (const name of ['PgRegistryServer', 'PgRegistryClient'] as const) {
      const standIn = absent[name] as unknown as new () => object;
      expect(standIn.name).toBe(name);
      expect(() => new standIn()).toThrow(`${name} needs @nestjs/microservices`);
    }
  });

  it('hides no other failure to load', () => {
    expect(() =>
      loadWith(() => {
        throw new Error('broken installation');
      }),
    ).toThrow('broken installation');
  });
});
