import 'reflect-metadata';
import * as library from 'nestjs-pg-registry';
import { localTransport } from '../../../libs/pg-registry/src/transport/local';
import { serve } from '../../support/fixture';

class Dependency {
  readonly name = 'dependency';
}

function decorated(target: object): void {
  Reflect.defineMetadata('seen', true, target);
}

@decorated
class Service {
  constructor(readonly dependency: Dependency) {}
}

/** Shows what a fixture can do. */
serve({
  add: (a: number, b: number) => a + b,
  echo: (value: unknown) => value,
  fail: () => {
    throw Object.assign(new TypeError('as asked'), { code: 'ASKED' });
  },
  never: () => new Promise(() => undefined),
  library: () => [typeof library, localTransport().kind],
  injected: () => {
    const types: unknown = Reflect.getMetadata('design:paramtypes', Service);
    return Array.isArray(types) && types[0] === Dependency;
  },
  args: () => process.argv.slice(2),
});
