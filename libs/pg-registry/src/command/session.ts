import { randomBytes } from 'node:crypto';
import { ClusterFacts, encodeQuestion, type Facts, type FactSource, QuestionSender } from '../observer';
import { TransportError } from '../term';
import type { Connection, Transport } from '../transport';
import { credentialsAuthenticator, natsTransport } from '../transport/nats';
import { Subjects } from '../wire';
import { contents, type Settings } from './settings';

/** How long the answers of others are awaited after the first one. */
const GATHER_MS = 100;
/** How long the broker may take for the last words. */
const FLUSH_MS = 100;

/** A look into a cluster, from its beginning to its end. */
export interface Session {
  readonly facts: Facts;
  /** What the broker has refused or reported meanwhile. */
  readonly complaints: readonly string[];
  /** How the command is connected, for `doctor`. */
  readonly server: string;
  /** Whether it asks a page, which asks the nodes. */
  readonly isPage: boolean;
  readonly close: () => Promise<void>;
}

/** Opens a look into a cluster: at its broker, or with `--url` at a page. */
export type OpenSession = (settings: Settings, signal: AbortSignal) => Promise<Session>;

/** Connects to the broker under a name of its own, and finds the nodes. It is no node: nobody takes it for a peer. @throws TransportError */
export async function openBrokerSession(settings: Settings, signal: AbortSignal): Promise<Session> {
  const name = settings.name ?? `observer-${randomBytes(6).toString('hex')}`;
  const subjects = new Subjects(settings.namespace, name);
  const complaints: string[] = [];
  const connection = await transportOf(settings).connect({
    node: name,
    replies: subjects.replies(),
    timeoutMs: Math.max(settings.timeoutMs, 1000),
    signal,
    needs: {
      subscribe: [subjects.replies(), subjects.inbox('answer')],
      publish: [subjects.to('nobody-permitted', 'ask')],
      maxPayload: 32_768,
    },
    onStatus: () => undefined,
    onError: (error) => complaints.push(error.message),
    onWarning: () => undefined,
  });
  const sender = new QuestionSender({
    subjects,
    connection: () => connection,
    token: () => randomBytes(16).toString('hex'),
    now: () => performance.now(),
  });
  const source: FactSource = {
    nodes: () => discover(connection, subjects, settings, complaints),
    ask: (node, question, timeoutMs) => sender.ask(node, question, timeoutMs),
  };
  const facts = new ClusterFacts(source, {
    timeoutMs: settings.timeoutMs,
    wall: () => Date.now(),
    sleep: (ms) => sleep(ms, signal),
  });
  return {
    facts,
    complaints,
    isPage: false,
    get server() {
      return connection.server;
    },
    close: async () => {
      await within(
        connection.flush().catch(() => undefined),
        FLUSH_MS,
      );
      await connection.close();
    },
  };
}

function transportOf(settings: Settings): Transport {
  const { servers, creds, user, pass, token, tls, secret } = settings;
  return natsTransport({
    servers: servers.split(','),
    reconnect: false,
    ...(creds !== undefined && {
      authenticator: credentialsAuthenticator(Buffer.from(contents(creds, '--creds'))),
    }),
    ...(user !== undefined && { user }),
    ...(pass !== undefined && { pass }),
    ...(token !== undefined && { token }),
    ...(tls !== undefined && { tls }),
    ...(secret !== undefined && { secret: { signWith: secret.id, keys: { [secret.id]: secret.key } } }),
  });
}

/** Asks everybody who is there. @throws TransportError if nobody answers */
async function discover(
  connection: Connection,
  subjects: Subjects,
  { namespace, servers, timeoutMs }: Settings,
  complaints: readonly string[],
): Promise<readonly string[]> {
  const found = new Set<string>();
  let first!: () => void;
  const answered = new Promise<void>((resolve) => (first = resolve));
  const inbox = connection.subscribe(subjects.inbox('answer'), (subject) => {
    const route = subjects.parse(subject);
    if (route?.route !== 'to') return;
    found.add(route.from);
    first();
  });
  connection.publish(subjects.announce('ask'), encodeQuestion({ ask: 'node' }));
  await within(answered, timeoutMs);
  if (found.size > 0) await sleep(GATHER_MS);
  inbox.unsubscribe();
  if (found.size > 0) return [...found];
  const refusal = complaints.at(-1);
  throw new TransportError(
    refusal === undefined
      ? `No node of namespace '${namespace}' answers at ${servers}. Is the namespace right (--namespace)? Do nodes run, and with the option ` +
          'observer?'
      : `No node answers, and the broker says: ${refusal} A broker with permissions wants the name that they are for (--name).`,
  );
}

/** Waits; with a signal no longer than until that aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** Waits for a promise, but not longer than so many milliseconds. No timer is left. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  const over = new AbortController();
  await Promise.race([promise, sleep(ms, over.signal)]);
  over.abort();
}
