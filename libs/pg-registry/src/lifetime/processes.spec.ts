import { getEventListeners } from 'node:events';
import { InvalidArgumentError, NotLocalError, PidInterner, ProcessExitedError } from '../term';
import { LocalProcess } from './local-process';
import { Processes } from './processes';

const INCARNATION = '00000000000000aa';

function node(onObserverError?: (error: unknown) => void, name = 'a'): Processes {
  const pids = new PidInterner();
  return new Processes({
    node: name,
    incarnation: INCARNATION,
    pids,
    ...(onObserverError === undefined ? {} : { onObserverError }),
  });
}

describe('the processes of a node', () => {
  it('gives processes pids that are never used twice', () => {
    const processes = node();
    const first = processes.spawn();
    first.exit();
    const second = processes.spawn();
    expect(second.pid.id).toBeGreaterThan(first.pid.id);
    expect(String(processes.root.pid)).toBe('<a.0>');
  });

  it('finds processes by pid while they live', () => {
    const processes = node();
    const process = processes.spawn('worker');
    expect(processes.get(process.pid)).toBe(process);
    expect(process.label).toBe('worker');
    process.exit();
    expect(processes.get(process.pid)).toBeUndefined();
    expect(processes.isLocal(process.pid)).toBe(true);
    expect(processes.size).toBe(1);
  });

  it('does not find or accept processes of another node', () => {
    const [a, b] = [node(), node(undefined, 'b')];
    const process = b.spawn();
    expect(a.isLocal(process.pid)).toBe(false);
    expect(a.get(process.pid)).toBeUndefined();
    expect(() => a.run(process, () => 1)).toThrow(NotLocalError);
    expect(() => a.spawn(undefined, { owner: process })).toThrow(NotLocalError);
  });
});

describe('an exit', () => {
  it('ends the process once, with the first reason', async () => {
    const process = node().spawn();
    process.exit('first');
    process.exit('second');
    expect(process.alive).toBe(false);
    expect(await process.exited).toBe('first');
  });

  it("ends a process with 'normal' unless a reason is given", async () => {
    const process = node().spawn();
    {
      using scoped = process;
      expect(scoped.alive).toBe(true);
    }
    expect(await process.exited).toBe('normal');
  });

  it('resolves exited for code that asks before or after the end', async () => {
    const process = node().spawn();
    const before = process.exited;
    process.exit(undefined);
    expect(await before).toBe('normal');
    expect(await process.exited).toBe('normal');
  });

  it('never rejects exited, whatever the reason', async () => {
    const process = node().spawn();
    process.exit(new Promise(() => undefined));
    expect(await process.exited).toBe('[object Promise]');
  });

  it('calls exit listeners in order, in the turn of the exit, when the process already counts as ended', () => {
    const processes = node();
    const seen: unknown[] = [];
    processes.onExit((process, reason) => seen.push(1, process.alive, processes.get(process.pid), reason));
    const stop = processes.onExit(() => seen.push(2));
    processes.onExit(() => seen.push(3));
    processes.spawn().exit('gone');
    expect(seen).toEqual([1, false, undefined, 'gone', 2, 3]);
    stop();
    seen.length = 0;
    processes.spawn().exit();
    expect(seen).toEqual([1, false, undefined, 'normal', 3]);
  });

  it('calls the listeners of afterExit after those of onExit', () => {
    const processes = node();
    const seen: string[] = [];
    processes.afterExit(() => seen.push('told'));
    const stop = processes.afterExit(() => seen.push('told too'));
    processes.onExit(() => seen.push('taken away'));
    processes.spawn().exit();
    stop();
    processes.spawn().exit();
    expect(seen).toEqual(['taken away', 'told', 'told too', 'taken away', 'told']);
  });

  it('reports an exit listener that throws, and calls the others', () => {
    const errors: unknown[] = [];
    const processes = node((error) => errors.push(error));
    const seen: string[] = [];
    processes.onExit(() => {
      throw new Error('hook');
    });
    processes.onExit((process) => seen.push(String(process.pid)));
    processes.spawn().exit();
    expect(errors).toEqual([new Error('hook')]);
    expect(seen).toEqual(['<a.1>']);
  });

  it('ends the processes that an ended process owns, and theirs, for the same reason', () => {
    const processes = node();
    const owner = processes.spawn();
    const child = processes.spawn(undefined, { owner });
    const grandchild = processes.spawn(undefined, { owner: child });
    const stranger = processes.spawn();
    owner.exit('shutdown');
    expect([child.reason, grandchild.reason, stranger.alive]).toEqual(['shutdown', 'shutdown', true]);
    expect(() => processes.spawn(undefined, { owner })).toThrow(ProcessExitedError);
  });

  it('keeps an owner alive when a process that it owns ends', () => {
    const processes = node();
    const owner = processes.spawn();
    processes.spawn(undefined, { owner }).exit('crash');
    expect(owner.alive).toBe(true);
  });

  it('ends a process when its signal aborts, and removes its listener from the signal', () => {
    const processes = node();
    const controller = new AbortController();
    const { signal } = controller;
    const removed = jest.spyOn(signal, 'removeEventListener');
    const process = processes.spawn(undefined, { signal });
    const early = processes.spawn(undefined, { signal });
    early.exit();
    expect(removed).not.toHaveBeenCalled();
    const other = new AbortController().signal;
    processes.spawn(undefined, { signal: other }).exit();
    expect(getEventListeners(other, 'abort')).toEqual([]);
    controller.abort('stop');
    expect([process.reason, early.reason]).toEqual(['stop', 'normal']);
    expect(processes.spawn(undefined, { signal }).reason).toBe('stop');
  });

  it('ends all processes, the newest first and the root process last, and spawns none afterwards', () => {
    const processes = node();
    const ended: string[] = [];
    processes.onExit((process) => ended.push(String(process.pid)));
    processes.spawn();
    processes.spawn();
    processes.exitAll('shutdown');
    expect(ended).toEqual(['<a.2>', '<a.1>', '<a.0>']);
    expect(() => processes.spawn()).toThrow(ProcessExitedError);
  });

  it('ends processes that an exit listener spawns while all are ended', () => {
    const processes = node();
    const spawned: LocalProcess[] = [];
    processes.onExit(() => spawned.push(processes.spawn()));
    processes.spawn();
    processes.exitAll('shutdown');
    expect(spawned.map((process) => process.reason)).toEqual(['shutdown']);
    expect(processes.size).toBe(0);
  });
});

describe('self', () => {
  it('returns the root process from self outside of run', () => {
    const processes = node();
    expect(processes.self()).toBe(processes.root);
  });

  it('returns the process of the innermost run from self, across awaits', async () => {
    const processes = node();
    const [outer, inner] = [processes.spawn(), processes.spawn()];
    const seen = await processes.run(outer, async () => {
      await Promise.resolve();
      const within = processes.run(inner, () => processes.self());
      return [within, processes.self()];
    });
    expect(seen).toEqual([inner, outer]);
    expect(processes.self()).toBe(processes.root);
  });

  it('keeps the current processes of two nodes in one program apart', () => {
    const [a, b] = [node(), node(undefined, 'b')];
    const process = a.spawn();
    expect(a.run(process, () => b.self())).toBe(b.root);
  });

  it('refuses to run code as a process that has ended', () => {
    const processes = node();
    const process = processes.spawn();
    process.exit('gone');
    expect(() => processes.run(process, () => 1)).toThrow(ProcessExitedError);
    expect(() => processes.run({} as LocalProcess, () => 1)).toThrow(InvalidArgumentError);
  });

  it('runs a bound function as the process that bound it, also when run was first used later', () => {
    const processes = node();
    const process = processes.spawn();
    const asRoot = processes.current.bind(() => processes.self());
    expect(asRoot()).toBe(processes.root);
    const asProcess = processes.run(process, () =>
      processes.current.bind((...given: number[]) => [processes.self(), ...given]),
    );
    expect(processes.run(process, () => asRoot())).toBe(processes.root);
    expect(asProcess(1, 2)).toEqual([process, 1, 2]);
    process.exit();
    expect(asProcess()).toEqual([process]);
  });

  it('knows the marks that code runs within, across awaits and nested runs', async () => {
    const processes = node();
    const process = processes.spawn();
    const [outer, inner] = [{}, {}];
    expect(processes.current.isWithin(outer)).toBe(false);
    let bound!: () => boolean;
    await processes.current.within(outer, async () => {
      await Promise.resolve();
      bound = processes.current.bind(() => processes.current.isWithin(outer));
      expect(processes.run(process, () => processes.current.isWithin(outer))).toBe(true);
      expect(
        processes.current.within(
          inner,
          () => processes.current.isWithin(outer) && processes.current.isWithin(inner),
        ),
      ).toBe(true);
      expect(processes.current.isWithin(inner)).toBe(false);
      expect(
        processes.current.enter(process, inner, () => [
          processes.current.isWithin(outer),
          processes.current.isWithin(inner),
        ]),
      ).toEqual([false, true]);
    });
    expect([processes.current.isWithin(outer), bound()]).toEqual([false, true]);
  });

  it('returns the root process from self after the node has stopped', () => {
    const processes = node();
    const process = processes.spawn();
    processes.run(process, () => processes.exitAll('shutdown'));
    expect(processes.self()).toBe(processes.root);
  });
});
