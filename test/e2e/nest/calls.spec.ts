import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  localBus,
  localTransport,
  natsTransport,
  PgRegistryNode,
  type Pid,
  ProcessService,
  type Transport,
  via,
} from 'nestjs-pg-registry';
import { firstValueFrom } from 'rxjs';
import { eventually } from '../../support/eventually';
import { natsClientOf } from '../../support/nats-client-of';
import { NatsServer } from '../../support/nats-server';
import { Clerk, diary, File, Office } from './office';

describe.each(['a local bus', 'a real nats-server'])('two Nest applications on %s', (where) => {
  let server: NatsServer | undefined;
  let here: INestApplicationContext;
  let there: INestApplicationContext;
  let processes: ProcessService;
  let clerk: Pid;

  beforeAll(async () => {
    server = where === 'a local bus' ? undefined : await NatsServer.start();
    const bus = localBus();
    const transport = (name: string): Transport =>
      server === undefined
        ? localTransport({ bus })
        : natsTransport({ servers: server.url, client: natsClientOf(name) });
    const quiet = { logger: false as const };
    there = await NestFactory.createApplicationContext(Office.on('there', transport('1'), [Clerk]), quiet);
    here = await NestFactory.createApplicationContext(Office.on('here', transport('2'), []), quiet);
    await here.get(PgRegistryNode).synced();
    processes = here.get(ProcessService);
    [clerk] = (await eventually(() => {
      const members = here.get(PgRegistryNode).scope('office').members('clerk');
      return members.length > 0 && members;
    })) as readonly Pid[];
  });
  afterAll(async () => {
    await here.close();
    await there.close();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(() => (diary.length = 0));

  const ask = (name: string, payload: unknown = null, options = {}): Promise<unknown> =>
    processes.call(via('office', 'clerk'), name, payload, options);

  test('a pipe transforms the arguments of a handler', async () => {
    expect(await ask('double', '21')).toBe(42);
  });

  test('a guard denies a call, and the handler never runs', async () => {
    await expect(ask('secret')).rejects.toMatchObject({
      code: 'REMOTE',
      message: expect.stringMatching(/Forbidden/) as string,
    });
    expect(diary).toEqual([]);
  });

  test('a filter decides which error the caller gets', async () => {
    await expect(ask('refuse')).rejects.toMatchObject({ code: 'REMOTE', remote: { code: 'SORRY' } });
  });

  test('a handler can read its caller and the headers', async () => {
    const answer = await processes.call<{ caller: Pid }>(clerk, 'who', null, { headers: { language: 'en' } });
    expect(answer).toEqual({ caller: processes.self(), language: 'en' });
  });

  test("a caller that gives up aborts the handler on the owner's node", async () => {
    const abort = new AbortController();
    const waiting = ask('wait', null, { signal: abort.signal });
    await eventually(() => diary.includes('waiting'));
    abort.abort(new Error('changed my mind'));
    await expect(waiting).rejects.toThrow('changed my mind');
    await eventually(() => diary.includes('gave up: AbortError'));
  });

  test('a call to a handler that never answers fails at its deadline', async () => {
    await expect(ask('wait', null, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
    await eventually(() => diary.some((line) => line.startsWith('gave up')));
  });

  test('an error of a handler keeps its name, message and code', async () => {
    await expect(ask('throwAtOnce')).rejects.toMatchObject({
      code: 'REMOTE',
      remote: { name: 'TypeError', code: 'ENOENT' },
      message: expect.stringContaining('no such file') as string,
    });
  });

  test('an answer that cannot be sent rejects the call with an error that says so', async () => {
    await expect(ask('answerWithAFunction')).rejects.toMatchObject({ code: 'INVALID_ANSWER' });
  });

  test('a call to an unknown method rejects with the names of the existing ones', async () => {
    await expect(ask('halve')).rejects.toMatchObject({
      code: 'NO_HANDLER',
      message: expect.stringContaining("'double'") as string,
    });
  });

  test('a process class has one instance, which the other node finds by its name, and ends once', async () => {
    const name = via('files', ['file', where]);
    const owner = there.get(ProcessService);
    const starts = Array.from({ length: 10 }, () =>
      owner.start(File, { via: name, args: { title: 'cover' } }),
    );
    const outcomes = await Promise.allSettled(starts);
    const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(started).toHaveLength(1);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(9);

    await there.get(PgRegistryNode).scope('files').replicated();
    expect(await processes.call(name, 'add', 'page 1')).toBe(2);
    const down = firstValueFrom(processes.monitor(started[0].pid));
    // Behind the word that this node watches.
    expect(await processes.call(name, 'add', 'page 2')).toBe(3);
    started[0].exit('archived');
    expect(await down).toMatchObject({ reason: 'archived' });
    await eventually(() => diary.includes('closed: archived'));
    // Who asks while it ends is told why it does.
    await eventually(async () =>
      expect(await firstValueFrom(processes.monitor(started[0].pid))).toMatchObject({ reason: 'noproc' }),
    );
    await eventually(() =>
      expect(here.get(PgRegistryNode).scope('files').lookup(['file', where])).toEqual([]),
    );
  });

  test('each caller gets its own error if the process ends while calls wait, or its mailbox is full', async () => {
    const file = await there.get(ProcessService).start(File, { args: { title: 'busy' } });
    const call = (): Promise<unknown> =>
      processes.call(file.pid, 'neverReady').catch((error: unknown) => error);
    const handled = call();
    await eventually(() => diary.includes('busy'));
    // Two may wait (`mailboxCapacity`), the next finds the mailbox full.
    const waiting = [call(), call()];
    expect(await call()).toMatchObject({ code: 'MAILBOX_FULL' });
    file.exit('dissolved');
    const exited = { code: 'PROCESS_EXITED' };
    expect(await Promise.all([handled, ...waiting])).toMatchObject([exited, exited, exited]);
    expect(there.get(PgRegistryNode).stats().calls).toMatchObject({ inFlight: 0, serving: 0 });
    expect(here.get(PgRegistryNode).stats().calls).toMatchObject({ pending: 0, pendingRemote: 0 });
  });
});
