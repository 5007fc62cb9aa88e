import type { PgRegistryService } from 'nestjs-pg-registry';
import { eventually } from '../support/eventually';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';

/** What JavaScript cannot freeze, each with what a careless or hostile reader does to it. */
const CHANGES: [string, unknown, (value: never) => void][] = [
  ['bytes', Uint8Array.of(1, 2, 3), (value: Uint8Array) => value.fill(9)],
  ['a buffer', Uint16Array.of(1, 2).buffer, (value: ArrayBuffer) => new Uint8Array(value).fill(9)],
  ['a buffer', Uint8Array.of(1, 2).buffer, (value: ArrayBuffer) => structuredClone(value, { transfer: [value] })],
  ['floats in an object', { at: [Float64Array.of(0.5)] }, (value: { at: Float64Array[] }) => value.at[0].fill(9)],
  ['a Map', new Map([['a', 1]]), (value: Map<string, number>) => Map.prototype.set.call(value, 'b', 2)],
  ['a Map', new Map([['a', 1]]), (value: Map<string, number>) => Map.prototype.clear.call(value)],
  ['a Set in an array', [new Set([1])], ([value]: Set<number>[]) => Set.prototype.add.call(value, 2)],
  ['a Date', new Date(7), (value: Date) => Date.prototype.setTime.call(value, 8)],
]; // prettier-ignore

const valueOf = (registry: PgRegistryService): unknown => registry.lookup('k').at(0)?.value;

describe('values that readers changed', () => {
  onEveryTransport((cluster) => {
    test.each(CHANGES)(
      'a node that starts later gets what was registered, not what a reader made of it: %s (%#)',
      async (_what, value, change) => {
        const [a, b] = await startAll(cluster(), ['a', 'b']);
        const registration = a.scope('pg').register('k', value);
        await cluster().settle();
        for (const node of [a, b]) change(valueOf(node.scope('pg')) as never);
        const c = await cluster().start('c');
        await eventually(() => expect(valueOf(c.scope('pg'))).toEqual(value));

        registration.update([value]);
        change((valueOf(a.scope('pg')) as never[])[0]);
        const d = await cluster().start('d');
        for (const node of [b, c, d])
          await eventually(() => expect(valueOf(node.scope('pg'))).toEqual([value]));
      },
    );
  });
});
