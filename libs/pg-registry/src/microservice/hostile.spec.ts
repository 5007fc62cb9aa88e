import { Controller, Module } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, Observable, range, tap } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { HandlerTable } from '../calls';
import { ProcessService } from '../process';
import { NoHandlerError, type Pid } from '../term';
import type { TestCluster } from '../testing';
import { createMicroserviceCluster } from './microservice.fixture';
import { PgRegistryClient, PgRegistryServer } from '.';
import type { Request } from './rpc-message';

@Controller()
class EchoController {
  static events = 0;

  @MessagePattern('echo')
  echo(data: unknown): unknown {
    return data;
  }

  @EventPattern('heard')
  onHeard(): void {
    EchoController.events += 1;
  }

  @MessagePattern('count')
  count(to: number): Observable<number> {
    return range(1, to);
  }

  @MessagePattern('endless')
  endless(): Observable<number> {
    return new Observable((subscriber) => {
      subscriber.next(1);
      subscriber.next(2);
      return () => {
        throw new Error('teardown');
      };
    });
  }
}

@Module({ controllers: [EchoController] })
// oxlint-disable-next-line typescript/no-extraneous-class
class EchoModule {}

/** Replaces the hook of Nest's tracing for one test. */
type Hook = Parameters<PgRegistryServer['setOnProcessingStartHook']>[0];

describe('microservices and hostile peers', () => {
  let cluster: TestCluster;
  let unhandled: unknown[];
  const onUnhandled = (error: unknown): void => void unhandled.push(error);
  beforeEach(async () => {
    unhandled = [];
    process.on('unhandledRejection', onUnhandled).on('uncaughtException', onUnhandled);
    cluster = await createMicroserviceCluster((node) => (node === 'b' ? [EchoModule] : []));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await cluster.close();
    process.off('unhandledRejection', onUnhandled).off('uncaughtException', onUnhandled);
    if (unhandled.length > 0) throw new AggregateError(unhandled, 'Node.js would have ended the process');
  });

  const processesOf = (node: string): ProcessService => cluster.node(node).get(ProcessService);
  /** The process of b's server, to which a peer can send whatever it likes. */
  const serverPid = () => {
    const [pid] = cluster.node('a').registry('rpc').members('echo');
    return pid;
  };
  const ask = (payload: unknown): Promise<unknown> =>
    processesOf('a').call(serverPid(), 'request', payload, { timeoutMs: 1000 });

  it('the server answers a request of an unknown pattern with NO_HANDLER, and goes on', async () => {
    const replyTo = processesOf('a').spawn().pid;
    const request = { pattern: 'unknown\n\u001b[31m', data: null, replyTo, id: 1 };
    await expect(ask(request)).rejects.toMatchObject({ code: 'NO_HANDLER' });
    await expect(ask(request)).rejects.toBeInstanceOf(NoHandlerError);
    await expect(ask(request)).rejects.toThrow(String.raw`'unknown\n\u001b[31m'`);
    await expect(firstValueFrom(cluster.node('a').get(PgRegistryClient).send('echo', 1))).resolves.toBe(1);
  });

  it.each([
    ['null', null],
    ['a number', 7],
    ['a request without a pattern', {}],
    ['a request whose pattern is no text', { pattern: ['echo'], data: 1, replyTo: null, id: 1 }],
    ['a request without an address', { pattern: 'echo', data: 1, replyTo: 'nobody', id: 1 }],
  ])('refuses %s with INVALID_ARGUMENT', async (_, payload) => {
    await expect(ask(payload)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it.each<[string, Hook]>([
    ['throws', () => { throw new Error('hook'); }], // prettier-ignore
    ['rejects', () => Promise.reject(new Error('hook')) as unknown as void],
    ['throws after it began', (_id, _context, done) => { void done(); throw new Error('hook'); }], // prettier-ignore
  ])('answers a request when the hook of a tracer %s', async (_, hook) => {
    cluster.node('b').get(PgRegistryServer).setOnProcessingStartHook(hook);
    const replyTo = processesOf('a').spawn().pid;
    await expect(ask({ pattern: 'unknown', data: null, replyTo, id: 1 })).rejects.toMatchObject({
      code: expect.stringMatching(/NO_HANDLER|REMOTE/) as string,
    });
  });

  it('the server survives an event whose handler fails under a hook that drops the promise', async () => {
    const server = cluster.node('b').get(PgRegistryServer);
    server.setOnProcessingStartHook((_id, _context, done) => void done());
    server.setOnProcessingEndHook(() => {
      throw new Error('end hook');
    });
    const before = EchoController.events;
    await lastValueFrom(cluster.node('a').get(PgRegistryClient).emit('heard', 1));
    await eventually(() => expect(EchoController.events).toBe(before + 1));
    await cluster.settle();
  });

  it('the server survives a stream whose teardown throws when its caller goes away', async () => {
    const first = firstValueFrom(cluster.node('a').get(PgRegistryClient).send('endless', 1));
    await expect(first).resolves.toBe(1);
    await cluster.settle();
    await expect(firstValueFrom(cluster.node('a').get(PgRegistryClient).send('echo', 2))).resolves.toBe(2);
  });

  it('the server does not read an event whose pattern is longer than any, and could be JSON of a megabyte', async () => {
    const parse = jest.spyOn(JSON, 'parse');
    const caster = processesOf('a');
    const hostile = '['.repeat(100_000);
    caster.cast(serverPid(), 'event', { pattern: hostile, data: 1 });
    caster.cast(serverPid(), 'event', { pattern: '"heard"', data: 1 });
    const before = EchoController.events;
    await eventually(() => expect(EchoController.events).toBe(before + 1));
    const parsed = parse.mock.calls.map(([text]) => text);
    parse.mockRestore();
    expect(parsed).not.toContain(hostile);
    expect(parsed).toContain('"heard"');
  });

  it('the server writes one line for many events that nobody handles', async () => {
    const server = cluster.node('b').get(PgRegistryServer);
    const nestErrors = jest.spyOn((server as unknown as { logger: { error(): void } }).logger, 'error');
    const lines = jest.spyOn(console, 'error').mockImplementation(() => undefined);
    for (let i = 0; i < 500; i += 1) {
      processesOf('a').cast(serverPid(), 'event', { pattern: `unknown ${i}`, data: null });
    }
    await ask({ pattern: 'echo', data: 1, replyTo: processesOf('a').spawn().pid, id: 1 });
    expect(nestErrors).not.toHaveBeenCalled();
    expect(lines.mock.calls.length).toBeLessThan(5);
    lines.mockRestore();
  });

  describe('a conversation between others', () => {
    const client = () => cluster.node('a').get(PgRegistryClient);
    /** Sends something to a process as a third node. */
    const castAsC = (to: Pid, name: string, payload: unknown) => processesOf('c').cast(to, name, payload);
    /** Hears the request of a client, as its server does. */
    function listen(): { readonly pid: Pid; readonly request: Promise<Request> } {
      let heard!: (request: Request) => void;
      const request = new Promise<Request>((resolve) => (heard = resolve));
      const handlers = new HandlerTable('Owner', {
        calls: new Map([
          [
            'request',
            (payload) => {
              heard(payload as unknown as Request);
              return new Promise((resolve) => (answer = resolve));
            },
          ],
        ]),
      });
      const { pid } = processesOf('b').mount({ label: 'owner', handlers, serial: false });
      cluster.node('b').registry('rpc').join('listened', pid, null);
      return { pid, request };
    }
    let answer: (value: unknown) => void;
    beforeEach(() => cluster.start('c'));

    it('takes no values from a node that was not asked, even if it knows the numbers', async () => {
      const { pid, request } = listen();
      await cluster.settle();
      const got: unknown[] = [];
      const all = lastValueFrom(
        client()
          .send('listened', 1)
          .pipe(tap((value) => got.push(value))),
      );
      const { replyTo, id } = await request;
      for (const guess of [id, 0, 1, 2, 3, 4, 5]) {
        for (const from of [pid, processesOf('c').self()])
          castAsC(replyTo, 'values', { id: guess, ahead: 0, values: ['forged'], from, stream: 1 });
      }
      await cluster.settle();
      answer({ ahead: 0, values: ['right'], errors: [] });
      await expect(all).resolves.toBe('right');
      expect(got).toEqual(['right']);
    });

    it('numbers requests and streams so that nobody can guess them', async () => {
      const numbers: number[] = [];
      for (let i = 0; i < 3; i += 1) {
        const { request } = listen();
        await cluster.settle();
        const done = lastValueFrom(client().send('listened', 1));
        numbers.push((await request).id);
        answer({ ahead: 0, values: [1], errors: [] });
        await done;
        for (const { pid } of cluster.node('b').registry('rpc').lookup('listened'))
          cluster.node('b').registry('rpc').leave('listened', pid);
        await cluster.settle();
      }
      for (const number of numbers) expect(number).toBeGreaterThan(2 ** 32);
      expect(new Set(numbers).size).toBe(3);
    });

    it.each([
      ['more values than were asked for', { ahead: 0, values: Array.from({ length: 257 }, () => 1) }],
      ['a number that is not one', { ahead: NaN, values: [1] }],
      ['a negative number', { ahead: -1, values: [1] }],
    ])('ends a stream, or drops the values, when its owner sends %s', async (_, values) => {
      const { pid, request } = listen();
      await cluster.settle();
      const all = lastValueFrom(client().send('listened', 1));
      const settled = all.catch((error: unknown) => error);
      const { replyTo, id } = await request;
      processesOf('b').cast(replyTo, 'values', { id, from: pid, stream: 1, ...values });
      await cluster.settle();
      answer({ ahead: 0, values: ['end'], errors: [] });
      await settled;
      await expect(firstValueFrom(client().send('echo', 2))).resolves.toBe(2);
    });

    it("refuses a request that wants its values sent to another node's process", async () => {
      await cluster.settle();
      const replyTo = processesOf('a').spawn().pid;
      const asked = processesOf('c').call(serverPid(), 'request', {
        pattern: 'echo',
        data: 1,
        replyTo,
        id: 1,
      });
      await expect(asked).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('replyTo') as string,
      });
    });

    it('goes on with a stream for which others send credit, or its caller sends numbers that are none', async () => {
      await cluster.settle();
      const got: number[] = [];
      const all = lastValueFrom(
        client()
          .send<number>('count', 2000)
          .pipe(tap((value) => got.push(value))),
      );
      for (const upTo of [NaN, -1, 1.5, Infinity, 'x', 2 ** 53]) {
        for (let stream = 0; stream < 20; stream += 1) {
          castAsC(serverPid(), 'credit', { stream, upTo });
          processesOf('a').cast(serverPid(), 'credit', { stream, upTo });
        }
      }
      await all;
      expect(got).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
    });

    it.each([NaN, -1, 1.5, Infinity, 'x', 2 ** 53])(
      'goes on with a stream whose own caller sends the credit %p beside each of its own',
      async (upTo) => {
        await cluster.settle();
        // oxlint-disable-next-line typescript/unbound-method -- it is called with `this` below
        const { cast } = ProcessService.prototype;
        let sent = 0;
        jest.spyOn(ProcessService.prototype, 'cast').mockImplementation(function (
          this: ProcessService,
          to,
          name,
          payload,
        ) {
          cast.call(this, to, name, payload);
          if (name !== 'credit') return;
          sent += 1;
          cast.call(this, to, name, { ...Object(payload), upTo });
        });
        expect(await lastValueFrom(client().send<number>('count', 2000))).toBe(2000);
        expect(sent).toBeGreaterThan(0);
      },
    );
  });

  it.each([
    ['null', null],
    ['an answer without values', { ahead: 0 }],
    ['an answer whose values are no list', { ahead: 0, values: 1, errors: [] }],
  ])('ends a request whose owner answers with %s', async (_, answer) => {
    const owner = processesOf('b');
    const registry = cluster.node('b').registry('rpc');
    const handlers = new HandlerTable('Liar', { calls: new Map([['request', () => answer]]) });
    registry.join('lies', owner.mount({ label: 'liar', handlers, serial: false }).pid, null);
    await cluster.settle();
    const failure = firstValueFrom(cluster.node('a').get(PgRegistryClient).send('lies', 1));
    await expect(failure).rejects.toMatchObject({ code: 'INVALID_ANSWER' });
  });
});
