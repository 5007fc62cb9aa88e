import { eventually } from '../support/eventually';
import { startAll } from './support/cluster';
import { onEveryTransport } from './support/every-transport';

describe('the end of a process that another node asks for', () => {
  onEveryTransport((cluster) => {
    test('exit() of a process of another node removes its entries everywhere and tells its monitors why, as its own exit does', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const process = b.processes.spawn();
      b.scope('pg').join('k', process.pid);
      await cluster().settle();
      const reasons: unknown[] = [];
      a.processes.monitor(process.pid).subscribe(({ reason }) => reasons.push(reason));
      await a.processes.exit(process.pid, ['no longer needed']);
      expect([process.alive, b.scope('pg').members('k')]).toEqual([false, []]);
      await eventually(() =>
        expect([reasons, a.scope('pg').members('k')]).toEqual([[['no longer needed']], []]),
      );
      await a.processes.exit(process.pid);
    });

    test('exit() is refused for the root process of another node', async () => {
      const [a, b] = await startAll(cluster(), ['a', 'b']);
      const root = b.processes.self();
      await expect(a.processes.exit(root)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(b.state).toBe('ready');
    });
  });
});
