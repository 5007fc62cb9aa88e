import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable, Scope } from '@nestjs/common';
import { Applications } from './application.fixture';
import { HandleCall } from './decorators/handlers.decorator';
import { Entity } from './decorators/entity.decorator';
import { EntityService } from '../entities';
import { ProcessService } from '../process';

const exits: boolean[] = [];

@Injectable({ scope: Scope.TRANSIENT })
class Worker {
  constructor(readonly processes: ProcessService) {}

  @HandleCall()
  hi(): string {
    return 'hi';
  }
  async onProcessExit(): Promise<void> {
    await Promise.resolve();
    exits.push(this.processes.self().id !== 0); // which is the root process
  }
}

@Entity('closing')
class Closing extends Worker {}

describe('the contexts of a node', () => {
  afterEach(() => jest.restoreAllMocks());

  it('cost the Node.js process nothing after the node has closed, although its last processes exited then', async () => {
    const run = jest.spyOn(AsyncLocalStorage.prototype, 'run');
    const disable = jest.spyOn(AsyncLocalStorage.prototype, 'disable');
    const applications = new Applications();
    const { context, node } = await applications.start({ providers: [Worker, Closing] }, { node: 'closed' });
    const worker = await context.get(ProcessService).start(Worker);
    expect(await context.get(ProcessService).call(worker.pid, 'hi')).toBe('hi');
    expect(await context.get(EntityService).ref(Closing, 1).call('hi')).toBe('hi');
    await node.close(); // without a drain, which would end them before
    await applications.closeAll();
    expect(exits).toEqual([true, true]);
    const last = (storage: unknown, of: jest.SpyInstance): number =>
      Math.max(
        -1,
        ...of.mock.contexts.map((each, at) => (each === storage ? of.mock.invocationCallOrder[at] : -1)),
      );
    const used = new Set(run.mock.contexts.filter((_, at) => isOurs(run.mock.calls[at][0])));
    expect(used.size).toBeGreaterThan(0);
    for (const storage of used) expect(last(storage, disable)).toBeGreaterThan(last(storage, run));
  });
});

/** Whether a context is one of this library, and not of Nest. */
function isOurs(context: unknown): boolean {
  return typeof context === 'object' && context !== null && 'process' in context && 'marks' in context;
}
