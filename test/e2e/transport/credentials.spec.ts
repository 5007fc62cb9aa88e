import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import {
  connect as connectWithNats,
  credsAuthenticator,
  jwtAuthenticator,
  nkeyAuthenticator,
  nkeys,
  usernamePasswordAuthenticator,
} from 'nats';
import { connect as connectWithTransportNode } from '@nats-io/transport-node';
import { PgRegistryNode } from '../../../libs/pg-registry/src/node';
import { type NatsClient, natsTransport } from '../../../libs/pg-registry/src/transport/nats';
import { eventually } from '../../support/eventually';
import { NatsServer } from '../../support/nats-server';
import { QUICK } from './nats-harness';

jest.setTimeout(120_000);

const TRIES = { maxReconnectAttempts: 2, reconnectTimeWait: 5, reconnectJitter: 0, timeout: 200 };

/** Far more than the node's own limit. */
const LONGEST_CONNECT_MS = 5000;

/** What a person or a log may get to see: every text, however deep, with hidden properties. */
function textsOf(...shown: readonly unknown[]): string {
  const whole = { depth: Infinity, showHidden: true, maxStringLength: Infinity, maxArrayLength: Infinity };
  return shown
    .flatMap((each) => [inspect(each, whole), String(each), JSON.stringify(each) ?? '', deepText(each)])
    .join('\n');
}

/** Messages and stacks of an error and its causes. */
function deepText(thrown: unknown): string {
  const texts: string[] = [];
  for (let error = thrown; error instanceof Error; error = error.cause)
    texts.push(error.message, error.stack ?? '');
  return texts.join('\n');
}

/** Each part of a credential that tells it: the text itself, its lines, and as it stands in a URL. */
function formsOf(credentials: readonly string[]): string[] {
  return credentials
    .flatMap((text) => [text, ...text.split('\n')])
    .flatMap((text) => [text, encodeURIComponent(text), encodeURI(text), JSON.stringify(text).slice(1, -1)])
    .filter((text) => text.length >= 8 && !text.startsWith('-----'));
}

/** Connects a node, and returns everything that it says: of its error, in its log, and about itself. */
async function everythingSaid(
  makeTransport: () => unknown,
  during: (node: PgRegistryNode) => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const said: unknown[] = [];
  try {
    const node = makeNode(makeTransport(), said);
    try {
      await Promise.race([node.connect(), afterMs(LONGEST_CONNECT_MS)]);
      await during(node);
    } catch (error) {
      said.push(error);
    }
    said.push(node, node.stats(), await node.health({ timeoutMs: 20 }), node.peers());
    await node.close();
  } catch (error) {
    said.push(error);
  }
  return textsOf(...said);
}

function makeNode(transport: unknown, said: unknown[]): PgRegistryNode {
  if (typeof transport === 'object') said.push(transport);
  const write = (...line: readonly unknown[]): void => void said.push(...line);
  const node: PgRegistryNode = Reflect.construct(PgRegistryNode, [
    { node: 'n', transport, connectTimeoutMs: 150, warnIntervalMs: 0 },
    { defaultTransport: () => transport, logger: { log: write, warn: write, error: write } },
  ]);
  return node;
}

async function afterMs(ms: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  throw new Error(`not connected after ${ms} ms`);
}

/** Returns the parts of credentials that are in a text. */
function foundIn(said: string, credentials: readonly string[]): string[] {
  return formsOf(credentials).filter((form) => said.includes(form));
}

/** Texts with what breaks URLs and logs in them, long enough not to stand somewhere by chance. */
const credential = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('a', 'b', 'X', 'Y', '0', '9'), minLength: 8, maxLength: 12 }),
    fc.array(
      fc.constantFrom('/', '#', '?', '%', '%zz', '@', ':', ' ', '\n', '"', '\\', 'ü', '[', '&token='),
      { maxLength: 3 },
    ),
    fc.string({ unit: fc.constantFrom('a', 'b', 'X', 'Y', '0', '9'), minLength: 8, maxLength: 12 }),
  )
  .map(([before, odd, after]) => `k${before}${odd.join('')}${after}k`);

const encoding = fc.constantFrom(
  (text: string) => text,
  encodeURIComponent,
  (text: string) => encodeURIComponent(text).toLowerCase(),
  encodeURI,
);

const urlForm = fc.constantFrom<(host: string, user: string, pass: string) => unknown>(
  (host, user, pass) => `nats://${user}:${pass}@${host}`,
  (host, user, pass) => `${user}:${pass}@${host}`,
  (host, _user, pass) => `tls://${pass}@${host}`,
  (host, user, pass) => [`nats://${host}`, `nats://${user}:${pass}@${host}`],
  (host, user, pass) => [`nats://other:else@${host}`, `nats://${user}:${pass}@${host}`],
  (host, user, pass) => `nats://${host}?user=${user}&pass=${pass}`,
  (host, _user, pass) => `nats://${host}#${pass}`,
  (host, _user, pass) => `nats://${host}/${pass}`,
  (host, user, pass) => `nats://${user}:${pass}@${host}/path?token=${pass}`,
  (host, user, pass) => `nats://${user}:${pass}@${host},nats://${host}`,
  (_host, user, pass) => `nats://${user}:${pass}`,
  (_host, user, pass) => ({ url: `nats://${user}:${pass}` }),
  (host, user, pass) => [`nats://${user}:${pass}@${host}`, 4222],
);

describe('credentials that are given to natsTransport', () => {
  let refusing: NatsServer;
  let away: NatsServer;

  beforeAll(async () => {
    refusing = await NatsServer.start({ config: 'authorization { user: "right", password: "right" }' });
    away = await NatsServer.start();
    await away.stop();
  });
  afterAll(async () => {
    await refusing[Symbol.asyncDispose]();
    await away[Symbol.asyncDispose]();
  });

  test('no form of a server URL gets a credential into an error, a cause, a log line or what a node shows of itself', async () => {
    await fc.assert(
      fc.asyncProperty(
        urlForm,
        credential,
        credential,
        encoding,
        fc.constantFrom('refusing', 'away'),
        async (form, user, pass, encode, how) => {
          const { url } = how === 'away' ? away : refusing;
          const servers = form(url.replace('nats://', ''), encode(user), encode(pass));
          const said = await everythingSaid(() =>
            Reflect.apply(natsTransport, undefined, [{ ...TRIES, servers }]),
          );
          expect(foundIn(said, [user, pass, encode(user), encode(pass)])).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a URL in place of another option is not shown', async () => {
    const url = 'nats://somebody:hidden-password@127.0.0.1:4222';
    for (const make of [
      () => url,
      () => Reflect.apply(natsTransport, undefined, [url]),
      () => Reflect.apply(natsTransport, undefined, [{ connection: url }]),
      () => Reflect.apply(natsTransport, undefined, [{ servers: 'x', systemConnection: url }]),
    ]) {
      const said = await everythingSaid(make);
      expect(said).toContain('INVALID_OPTION');
      expect(foundIn(said, [url, 'hidden-password', 'somebody'])).toEqual([]);
    }
  });

  const seed = nkeys.createUser().getSeed();
  const jwt = 'eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJub3QiOiJyZWFsIn0.c2lnbmF0dXJl';
  const seedText = Buffer.from(seed).toString();
  const creds =
    `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n` +
    `-----BEGIN USER NKEY SEED-----\n${seedText}\n------END USER NKEY SEED------\n`;
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const forms: readonly (readonly [string, object, readonly string[]])[] = [
    ['user and password', { user: 'wrong-user', pass: 'wrong-password' }, ['wrong-user', 'wrong-password']],
    ['a token', { token: 'wrong-token' }, ['wrong-token']],
    [
      'functions',
      { user: () => 'wrong-user', pass: () => 'wrong-password' },
      ['wrong-user', 'wrong-password'],
    ],
    [
      'a function that throws',
      {
        token: () => {
          throw new Error('no token for wrong-token');
        },
      },
      ['wrong-token'],
    ],
    ['the seed of an nkey', { authenticator: nkeyAuthenticator(seed) }, [seedText]],
    [
      'a seed that is none',
      { authenticator: nkeyAuthenticator(Buffer.from('SUWRONGSEED')) },
      ['SUWRONGSEED'],
    ],
    [
      'the content of a creds file',
      { authenticator: credsAuthenticator(Buffer.from(creds)) },
      [creds, jwt, seedText],
    ],
    [
      'a creds file that is none',
      { authenticator: credsAuthenticator(Buffer.from(`x ${seedText}`)) },
      [seedText],
    ],
    ['a JWT', { authenticator: jwtAuthenticator(jwt, seed) }, [jwt, seedText]],
    [
      'several authenticators',
      { authenticator: [usernamePasswordAuthenticator('wrong-user', 'wrong-password')] },
      ['wrong-user', 'wrong-password'],
    ],
    [
      'an authenticator that throws',
      {
        authenticator: () => {
          throw new TypeError(`cannot read ${seedText}`);
        },
      },
      [seedText],
    ],
    ['a text in place of an authenticator', { authenticator: seedText }, [seedText]],
    [
      'a TLS key',
      { tls: { key, cert: 'no certificate', passphrase: 'wrong-passphrase' } },
      [key, 'wrong-passphrase'],
    ],
    ['a TLS key in place of its file', { tls: { keyFile: key, certFile: key } }, [key]],
    [
      'a credential under a wrong name',
      { nkeySeed: seedText, password: 'wrong-password' },
      [seedText, 'wrong-password'],
    ],
    [
      'a shared secret',
      { secret: { signWith: 'k1', keys: { k1: 'x'.repeat(31) + 'wrong-key' } } },
      ['wrong-key'],
    ],
    [
      'a shared secret of a wrong form',
      { secret: 'wrong-key-in-place-of-an-object' },
      ['wrong-key-in-place-of-an-object'],
    ],
  ];

  describe.each([['that refuses them'], ['that is away']])('to a server %s', (how) => {
    test.each(forms)(
      '%s: stay out of errors, causes, log lines and what a node shows of itself',
      async (_form, options, credentials) => {
        const { url } = how === 'that is away' ? away : refusing;
        const said = await everythingSaid(() =>
          Reflect.apply(natsTransport, undefined, [{ ...TRIES, servers: url, ...options }]),
        );
        expect(said).toMatch(/TRANSPORT|INVALID_OPTION|not connected after/);
        expect(foundIn(said, credentials)).toEqual([]);
      },
    );
  });

  const clients: readonly (readonly [string, (options: object) => Promise<NatsClient>])[] = [
    ['nats', (options) => connectWithNats(options)],
    ['@nats-io/transport-node', (options) => connectWithTransportNode(options)],
  ];
  test.each(clients)(
    "a connection of '%s' that the server refuses later tells nothing of them",
    async (_client, connect) => {
      const pass = 'password-of-the-given-connection';
      const server = await NatsServer.start({
        config: `authorization { user: "somebody", password: "${pass}" }`,
      });
      try {
        const connection = await connect({ ...QUICK, ...TRIES, servers: server.url, user: 'somebody', pass });
        const said = await everythingSaid(
          () => natsTransport({ connection }),
          async (node) => {
            await server.stop();
            await eventually(() => expect(node.state).toBe('stopped'));
          },
        );
        expect(said).toMatch(/closed for good/);
        expect(foundIn(said, [pass])).toEqual([]);
        await connection.close();
      } finally {
        await server[Symbol.asyncDispose]();
      }
    },
  );
});
