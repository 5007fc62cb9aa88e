import {
  InvalidArgumentError,
  InvalidOptionError,
  LockTimeoutError,
  ProcessExitedError,
  ScopeNotRunningError,
} from '../term';
import { callLoosely, LoneScope } from './scope.fixture';

/** A function to run under a lock, that says when it runs and ends when it is told to. */
function held(
  seen: string[] = [],
  name = '',
): { run: () => Promise<string>; end(): void; fail(error: Error): void } {
  let end!: () => void;
  let fail!: (error: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  const run = async (): Promise<string> => {
    seen.push(name);
    await ended;
    return name;
  };
  return { run, end, fail };
}

function throwNow(): never {
  throw new Error('now');
}

describe('lock', () => {
  it('lock runs the function at once if the lock is free, and resolves with its result', async () => {
    const { registry } = new LoneScope();
    let ran = false;
    const result = registry.lock('a', () => ((ran = true), 7));
    expect(ran).toBe(true);
    expect(await result).toBe(7);
  });

  it('lock serves waiting calls in the order of arrival, and other keys at once', async () => {
    const { registry } = new LoneScope();
    const seen: string[] = [];
    const [a, b, c, other] = ['a', 'b', 'c', 'other'].map((name) => held(seen, name));
    const all = [a, b, c].map((each) => registry.lock(['k', 1], each.run));
    const elsewhere = registry.lock(['k', 2], other.run);
    for (const each of [c, b, a, other]) each.end();
    expect(await Promise.all([...all, elsewhere])).toEqual(['a', 'b', 'c', 'other']);
    expect(seen).toEqual(['a', 'other', 'b', 'c']);
  });

  it('lock releases when the function throws or rejects', async () => {
    const { registry } = new LoneScope();
    await expect(registry.lock('a', throwNow)).rejects.toThrow('now');
    await expect(registry.lock('a', () => Promise.reject(new Error('later')))).rejects.toThrow('later');
    expect(await registry.lock('a', () => 'free')).toBe('free');
  });

  it('lock cannot be re-entered, even after an await or in another process', async () => {
    const { registry, node } = new LoneScope();
    const inner = async (): Promise<unknown> => {
      await Promise.resolve();
      return registry.lock('a', () => 'inner').catch((error: unknown) => error);
    };
    expect(await registry.lock('a', inner)).toBeInstanceOf(InvalidArgumentError);
    const other = node.processes.spawn();
    const asOther = await registry.lock('a', () => node.processes.run(other, inner));
    expect(asOther).toBeInstanceOf(InvalidArgumentError);
    expect(await registry.lock('a', () => registry.lock('b', () => 'another key'))).toBe('another key');
  });

  it('lock is not a re-entry when the same process asks for it elsewhere', async () => {
    const { registry } = new LoneScope();
    const first = held();
    const running = registry.lock('a', first.run);
    const waiting = registry.lock('a', () => 'second');
    first.end();
    await running;
    expect(await waiting).toBe('second');
  });

  it('lock is released when the process that took it exits, and waiting calls of that process reject', async () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    const forever = held();
    void node.processes.run(process, () => registry.lock('a', forever.run));
    const dead = node.processes.run(process, () => registry.lock('a', () => 'dead'));
    const living = registry.lock('a', () => 'living');
    process.exit('gone');
    await expect(dead).rejects.toThrow(ProcessExitedError);
    expect(await living).toBe('living');
    forever.end();
    expect(await registry.lock('a', () => 'free')).toBe('free');
  });

  it('lock does not run the function of a process that exits between its turn and the run', async () => {
    const { registry, node } = new LoneScope();
    const process = node.processes.spawn();
    const first = held();
    const running = registry.lock('a', first.run);
    const fn = jest.fn();
    const waiting = node.processes.run(process, () => registry.lock('a', fn));
    const after = registry.lock('a', () => 'after');
    first.end();
    void running.then(() => process.exit());
    await Promise.allSettled([waiting, running]);
    expect(await after).toBe('after');
  });

  it("lock ends the waiting with the signal's reason, not the holding", async () => {
    const { registry } = new LoneScope();
    const controller = new AbortController();
    const { signal } = controller;
    const first = held([], 'first');
    const running = registry.lock('a', first.run, { signal });
    const fn = jest.fn();
    const waiting = registry.lock('a', fn, { signal });
    controller.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
    first.end();
    expect(await running).toBe('first');
    expect(fn).not.toHaveBeenCalled();
    await expect(registry.lock('a', fn, { signal })).rejects.toThrow('stop');
    expect(await registry.lock('a', () => 'free')).toBe('free');
  });

  it('lock rejects waiting calls when the scope stops; running functions finish, and the next run starts with free locks', async () => {
    const scope = new LoneScope();
    const first = held([], 'first');
    const running = scope.registry.lock('a', first.run);
    const waiting = scope.registry.lock('a', () => 'second');
    scope.run.stop();
    await expect(waiting).rejects.toThrow(ScopeNotRunningError);
    scope.start();
    expect(await scope.registry.lock('a', () => 'free')).toBe('free');
    first.end();
    expect(await running).toBe('first');
  });

  it('lock checks its arguments before it takes anything', async () => {
    const { registry } = new LoneScope();
    const lock = (fn: unknown, options?: unknown) => callLoosely(registry, 'lock', 'a', fn, options);
    await expect(lock('fn')).rejects.toThrow(
      "Argument 'fn' must be a function (got 'fn'). Nothing was changed.",
    );
    for (const options of [
      { timeoutMs: -1 },
      { timeoutMs: NaN },
      { timeoutMs: '1' },
      { timeout: 1 },
      { signal: {} },
    ]) {
      await expect(lock(() => 1, options)).rejects.toThrow(InvalidOptionError);
    }
    expect(await registry.lock('a', () => 'free')).toBe('free');
  });
});

describe('a lock that is not free in time', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it.each([
    [undefined, 5000],
    [{ timeoutMs: 20 }, 20],
    [{ timeoutMs: 0 }, 0],
  ])('lock rejects a call that waited too long: %j', async (options, timeoutMs) => {
    const { registry } = new LoneScope();
    const first = held();
    const running = registry.lock('a', first.run);
    const fn = jest.fn();
    const waiting = registry.lock('a', fn, options).catch((error: unknown) => error);
    jest.advanceTimersByTime(timeoutMs);
    expect(await waiting).toBeInstanceOf(LockTimeoutError);
    first.end();
    await running;
    expect(fn).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('lock waits without end if the limit is Infinity', async () => {
    const { registry } = new LoneScope();
    const first = held();
    const running = registry.lock('a', first.run);
    const waiting = registry.lock('a', () => 'at last', { timeoutMs: Infinity });
    jest.advanceTimersByTime(1e9);
    first.end();
    await running;
    expect(await waiting).toBe('at last');
  });
});
