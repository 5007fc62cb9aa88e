import { InvalidOptionError } from '../../../term';
import { addressOf, withCredentialsApart } from './server-urls';

describe('the URLs of servers', () => {
  it('server URLs without credentials stay as they are', () => {
    const options = { servers: ['nats://a:4222', 'b:4222'], user: 'me' };
    expect(withCredentialsApart(options)).toBe(options);
  });

  it('user and password in a server URL become options of the client, decoded', () => {
    expect(withCredentialsApart({ servers: 'nats://me:p%40ss@a:4222', name: 'x' })).toEqual({
      servers: ['nats://a:4222'],
      user: 'me',
      pass: 'p@ss',
      name: 'x',
    });
  });

  it('a lone name in a server URL becomes the token', () => {
    expect(withCredentialsApart({ servers: ['nats://secret@a:4222', 'nats://b:4222'] })).toEqual({
      servers: ['nats://a:4222', 'nats://b:4222'],
      token: 'secret',
    });
  });

  it('a host name may have letters of any script', () => {
    expect(withCredentialsApart({ servers: 'nats://me:x@nats_1.b-ü.example:4222' }).servers).toEqual([
      'nats://nats_1.b-ü.example:4222',
    ]);
  });

  it('options win over credentials in server URLs', () => {
    expect(withCredentialsApart({ servers: 'nats://me:one@a', pass: 'two' })).toMatchObject({
      user: 'me',
      pass: 'two',
    });
  });

  it('server URLs with different users are refused', () => {
    expect(() => withCredentialsApart({ servers: ['nats://me:x@a', 'nats://you:x@b'] })).toThrow(
      InvalidOptionError,
    );
  });

  it.each([
    ['nats://me:hun/ter2@host', "'/'"],
    ['nats://me:hun#ter2@host', "'#'"],
    ['nats://host?token=hunter2', "'?'"],
    ['nats://me:hun%ter2@host', "'%'"],
    ['nats://me:hun@ter2@host', 'name a host'],
    ['nats://me:hunter2', 'name a host'],
    ['nats://:hunter2@host', 'without a user'],
    ['nats://host:hunter2', 'name a host'],
    ['nats://me:hun ter2@host', 'white space'],
    ['nats://me:hun@%0Ater2', 'name a host'],
    ['nats://me:hun@"ter2', 'name a host'],
  ])('a URL of another form is refused with the reason and without being shown: %s', (url, why) => {
    const refuse = (): unknown => withCredentialsApart({ servers: ['nats://plain', url] });
    expect(refuse).toThrow(InvalidOptionError);
    expect(refuse).toThrow(why);
    expect(refuse).toThrow('URL 2 of 2');
    expect(refuse).not.toThrow(/hun|ter2|me:/);
  });

  it.each([
    ['nats://host:1234', { host: 'host', port: 1234 }],
    ['host:1234', { host: 'host', port: 1234 }],
    ['host', { host: 'host', port: 4222 }],
    ['tls://10.0.0.1', { host: '10.0.0.1', port: 4222 }],
    ['[::1]:1234', { host: '::1', port: 1234 }],
    ['nats://[::1]', { host: '::1', port: 4222 }],
    ['not a host', undefined],
  ])('name an address: %s', (url, address) => {
    expect(addressOf(url)).toEqual(address);
  });
});
