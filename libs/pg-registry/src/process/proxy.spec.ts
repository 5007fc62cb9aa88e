import { format, inspect, isDeepStrictEqual } from 'node:util';
import { Observable, of } from 'rxjs';
import type { CallContext } from '../calls/call-context';
import { FakeCluster, turn } from '../calls/calls.fixture';
import type { CallOptions } from '../calls/call-options';
import { via } from '../calls/via';
import type { Remote } from './proxy';

class Documents {
  readonly title = 'x';
  async open(_id: string): Promise<{ text: string }> {
    return { text: '' };
  }
  count(): number {
    return 0;
  }
  find(_query?: string): Observable<string> {
    return of('');
  }
  who(_payload: null, _context: CallContext): string {
    return '';
  }
  move(_from: string, _to: string): void {
    return;
  }
}

/** Compiles. */
const typed = (remote: Remote<Documents>, options: CallOptions): readonly Promise<unknown>[] => {
  const text: Promise<{ text: string }> = remote.open('a', options);
  const count: Promise<number> = remote.count(undefined, options);
  const last: Promise<string> = remote.find();
  const who: Promise<string> = remote.who(null);
  // @ts-expect-error: the payload has a type
  void remote.open(1);
  // @ts-expect-error: two parameters cannot be called
  remote.move('a', 'b');
  // @ts-expect-error: a property is no handler
  void remote.title.length;
  return [text, count, last, who];
};

describe('a proxy', () => {
  it('calls the handler that a property of a proxy names', async () => {
    const a = new FakeCluster().node('a');
    const { pid } = a.serve({ open: (id) => ({ text: ['of', id] }), count: () => 3 });
    const documents = a.service.proxy<Documents>(pid);
    expect(await documents.open('a')).toEqual({ text: ['of', 'a'] });
    expect(await documents.count()).toBe(3);
    await expect(documents.open('a', { signal: AbortSignal.abort('no') })).rejects.toBe('no');
  });

  it('makes a proxy that is neither a promise nor a Nest provider with hooks, and can be printed', async () => {
    const a = new FakeCluster().node('a');
    const proxy = a.service.proxy<Record<string, () => void>>(a.serve({}).pid);
    expect(await Promise.resolve(proxy)).toBe(proxy);
    for (const name of [
      'then',
      'toJSON',
      'constructor',
      'onModuleInit',
      'onApplicationBootstrap',
      'onModuleDestroy',
      'beforeApplicationShutdown',
      'onApplicationShutdown',
    ]) {
      expect(proxy[name]).toBeUndefined();
    }
    expect([JSON.stringify(proxy), inspect(proxy)]).toEqual(['{}', 'Remote <a.1>']);
    expect(() => ((proxy as Record<string, unknown>)['x'] = 1)).toThrow(TypeError);
  });

  it('prints a proxy, in every way that logs and tests know, without calling a handler', async () => {
    const a = new FakeCluster().node('a');
    const proxy = a.service.proxy<Record<string, () => void>>(a.serve({}).pid);
    const finished = { ...a.calls.stats().finished };
    const ways: readonly ((it: unknown) => unknown)[] = [
      (it) => String(it),
      (it) => ''.concat(it as string),
      (it) => [it].join(),
      (it) => inspect(it, { showProxy: true, showHidden: true }),
      (it) => format('%s %o %O %j %d', it, it, it, it, it),
      (it) => JSON.stringify({ it }),
      (it) => (it as object).hasOwnProperty('x'),
      (it) => [it].toLocaleString(),
      (it) => (it as object).valueOf(),
      (it) => Object.prototype.toString.call(it),
      (it) => ({ ...(it as object) }),
      (it) => isDeepStrictEqual(it, {}),
      (it) => expect(it).not.toEqual(1),
    ];
    for (const way of ways) way(proxy);
    await turn();
    const named: unknown = a.service.proxy(via('counters', ['a']));
    expect([proxy, named].map(String)).toEqual(['Remote <a.1>', "Remote via('counters', ['a'])"]);
    expect(a.calls.stats()).toMatchObject({ finished, pending: 0 });
    expect(a.warnings).toEqual([]);
  });

  it('gives a proxy the types of the handlers as their callers see them', () => {
    expect(typed).toBeInstanceOf(Function);
  });
});
