import { Controller, Module } from '@nestjs/common';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, Observable } from 'rxjs';
import { eventually } from '../../../../test/support/eventually';
import { HandlerTable } from '../calls';
import { ProcessService } from '../process';
import { NoHandlerError } from '../term';
import type { TestCluster } from '../testing';
import { createMicroserviceCluster } from './microservice.fixture';
import { PgRegistryClient, PgRegistryServer } from '.';

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
