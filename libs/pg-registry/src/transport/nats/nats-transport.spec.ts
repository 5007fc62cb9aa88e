import { natsTransport } from '.';
import { formatServers } from './connecting/server-urls';

jest.mock('nats', () => {
  throw Object.assign(new Error("Cannot find module 'nats'"), { code: 'MODULE_NOT_FOUND' });
});
jest.mock('@nats-io/transport-node', () => {
  const error = new Error("Cannot find module '@nats-io/transport-node'");
  throw Object.assign(error, { code: 'MODULE_NOT_FOUND' });
});

const natsTransportOf = (options: unknown): unknown => Reflect.apply(natsTransport, undefined, [options]);

describe('natsTransport', () => {
  test.each([
    [undefined, "the package 'nats' or '@nats-io/transport-node', which is not installed: npm install nats"],
    ['nats', "the package 'nats', which is not installed: npm install nats"],
    [
      '@nats-io/transport-node',
      "the package '@nats-io/transport-node', which is not installed: npm install @nats-io/transport-node",
    ],
  ] as const)(
    'a node without the package of client %s fails when it connects, and says what to install',
    async (client, message) => {
      const options = { servers: 'nats://127.0.0.1:4222', ...(client && { client }) };
      const connecting = natsTransport(options).connect({
        node: 'a',
        replies: 'reply.a.>',
        timeoutMs: 100,
        onStatus: () => undefined,
        onError: () => undefined,
        onWarning: () => undefined,
      });
      await expect(connecting).rejects.toMatchObject({
        code: 'TRANSPORT',
        message: expect.stringContaining(message) as string,
      });
    },
  );

  test.each([
    [undefined, 'servers'],
    [{}, 'servers'],
    [{ servers: [] }, 'servers'],
    [{ servers: 4222 }, 'servers'],
    [{ servers: [''] }, 'servers'],
    [{ servers: 'nats://x', connection: {} }, 'connection'],
    [{ connection: { publish: () => undefined } }, 'connection'],
    [{ connection: Promise.resolve() }, 'connection'],
    [{ servers: 'nats://x', systemConnection: 'nats://sys@x' }, 'systemConnection'],
    [{ servers: 'nats://x', reconectTimeWait: 10 }, 'reconectTimeWait'],
    [{ servers: 'nats://x', pasword: 'secret' }, 'pasword'],
    [{ servers: 'nats://x', client: 'mqtt' }, 'client'],
  ])('refuses %j and names the option %s', (options, option) => {
    expect(() => natsTransportOf(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
  });

  test('messages name servers without their passwords', () => {
    expect(formatServers('me:secret@host:4222')).toBe('host:4222');
    expect(formatServers(['nats://me:secret@host', 'tls://other:1'])).toBe('nats://host, tls://other:1');
  });
});
