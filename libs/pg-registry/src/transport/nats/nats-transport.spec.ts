import { natsTransport } from '.';
import { formatServers } from './connecting/server-urls';

jest.mock('nats', () => {
  throw new Error("Cannot find module 'nats'");
});

const natsTransportOf = (options: unknown): unknown => Reflect.apply(natsTransport, undefined, [options]);

describe('natsTransport', () => {
  test("a node without the package 'nats' fails when it connects, and says how to install it", async () => {
    const connecting = natsTransport({ servers: 'nats://127.0.0.1:4222' }).connect({
      node: 'a',
      replies: 'reply.a.>',
      timeoutMs: 100,
      onStatus: () => undefined,
      onError: () => undefined,
      onWarning: () => undefined,
    });
    await expect(connecting).rejects.toMatchObject({
      code: 'TRANSPORT',
      message: expect.stringContaining('npm install nats'),
    });
  });

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
