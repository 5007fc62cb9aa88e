import { InvalidArgumentError, InvalidOptionError, InvalidValueError } from '../term';
import { callLoosely, LoneScope } from './scope.fixture';

function fail(): never {
  throw new Error('callback');
}

describe('dispatch', () => {
  it('dispatch calls once with the members of the whole cluster and their entries', () => {
    const scope = new LoneScope();
    const { registry, node } = scope;
    const { pid } = node.processes.root;
    registry.join('a', [pid, pid]);
    scope.remoteJoin('a', 1);
    const callback = jest.fn();
    expect(registry.dispatch('a', callback)).toBeUndefined();
    expect(callback.mock.calls).toEqual([[[pid, pid, scope.remotePid(1)], registry.lookup('a')]]);
  });

  it('dispatch does not call when there is no member', async () => {
    const { registry } = new LoneScope();
    const callback = jest.fn();
    registry.dispatch('a', callback);
    await registry.dispatch('a', callback, { parallel: true });
    expect(callback).not.toHaveBeenCalled();
  });

  it('dispatch gives the callback arrays that its own writes do not change', () => {
    const { registry } = new LoneScope();
    registry.register('a', 1);
    registry.dispatch('a', (pids, entries) => {
      registry.register('a', 2);
      expect([pids.length, entries.length, registry.lookup('a').length]).toEqual([1, 1, 2]);
    });
  });

  it('dispatch throws what the callback throws', () => {
    const { registry } = new LoneScope();
    registry.register('a');
    expect(() => registry.dispatch('a', fail)).toThrow('callback');
    expect(registry.count()).toBe(1);
  });

  it('dispatch in parallel resolves when every returned promise has resolved, and rejects if one rejects', async () => {
    const { registry } = new LoneScope();
    registry.register('a');
    const done: string[] = [];
    const step = async (name: string): Promise<void> => {
      await Promise.resolve();
      done.push(name);
    };
    await registry.dispatch('a', () => [step('x'), step('y')], { parallel: true });
    await registry.dispatch('a', () => step('z'), { parallel: true });
    expect(done).toEqual(['x', 'y', 'z']);
    const failing = registry.dispatch('a', () => [step('v'), Promise.reject(new Error('w'))], {
      parallel: true,
    });
    await expect(failing).rejects.toThrow('w');
  });

  it('dispatch refuses unknown options and wrong callbacks, even when there is no member', () => {
    const { registry } = new LoneScope();
    const wrong = (callback: unknown, options?: unknown) => () =>
      callLoosely(registry, 'dispatch', 'a', callback, options);
    expect(wrong(() => undefined, { paralel: true })).toThrow(
      "Unknown option 'paralel' of dispatch(). Valid options are parallel. Nothing was changed.",
    );
    for (const options of [null, 7, { parallel: 1 }])
      expect(wrong(() => undefined, options)).toThrow(InvalidOptionError);
    expect(wrong('callback')).toThrow("Argument 'callback' must be a function (got 'callback').");
  });
});

describe('metadata', () => {
  it('metadata distinguishes a stored null or undefined from nothing', () => {
    const { registry } = new LoneScope();
    registry.putMeta('a', null);
    registry.putMeta(['b', 1], undefined);
    expect([registry.meta('a'), registry.meta(['b', 1]), registry.meta('c')]).toEqual([
      null,
      undefined,
      undefined,
    ]);
    expect([registry.hasMeta('a'), registry.hasMeta(['b', 1]), registry.hasMeta('c')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('metadata can be overwritten, and deleted twice', () => {
    const { registry } = new LoneScope({ meta: { a: 1 } });
    registry.putMeta('a', { n: [2] });
    expect(registry.meta('a')).toEqual({ n: [2] });
    registry.deleteMeta('a');
    registry.deleteMeta('a');
    expect(registry.hasMeta('a')).toBe(false);
  });

  it('metadata makes no event, no count and no operation', () => {
    const scope = new LoneScope();
    const events: unknown[] = [];
    scope.registry.monitorScope().subscribe((event) => events.push(event));
    scope.registry.putMeta('a', 1);
    expect([events.length, scope.registry.count(), scope.replicated.length]).toEqual([1, 0, 0]);
  });

  it.each([[1], [null], [true], [{ a: 1 }]])(
    'metadata refuses the key %j in all four functions, also in a stopped scope',
    (wrong) => {
      const scope = new LoneScope();
      const { registry } = scope;
      scope.run.stop();
      for (const call of [
        () => callLoosely(registry, 'meta', wrong),
        () => callLoosely(registry, 'hasMeta', wrong),
        () => callLoosely(registry, 'putMeta', wrong, 1),
        () => callLoosely(registry, 'deleteMeta', wrong),
      ]) {
        expect(call).toThrow(InvalidArgumentError);
      }
    },
  );

  it('metadata that cannot be stored stops the scope from starting', () => {
    expect(() => new LoneScope({ meta: { a: new Date(NaN) } })).toThrow(InvalidValueError);
  });
});

describe('replicated', () => {
  it('replicated passes checked options to the run', async () => {
    const { registry, run } = new LoneScope();
    const replicated = jest.spyOn(run.replication, 'replicated');
    await registry.replicated({ timeoutMs: 10 });
    expect(replicated).toHaveBeenCalledWith(10);
    await expect(registry.replicated({ timeoutMs: -1 })).rejects.toThrow(InvalidOptionError);
    await expect(callLoosely(registry, 'replicated', { timeout: 1 })).rejects.toThrow(
      "Unknown option 'timeout'",
    );
  });
});
