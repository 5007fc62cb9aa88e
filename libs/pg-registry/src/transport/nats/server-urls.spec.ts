import { InvalidOptionError } from '../../term';
import { withCredentialsApart } from './server-urls';

describe('the URLs of servers', () => {
  it('without credentials stay as they are', () => {
    const options = { servers: ['nats://a:4222', 'b:4222'], user: 'me' };
    expect(withCredentialsApart(options)).toBe(options);
  });

  it('give their user and password, decoded, as options of the client', () => {
    expect(withCredentialsApart({ servers: 'nats://me:p%40ss@a:4222', name: 'x' })).toEqual({
      servers: ['nats://a:4222'],
      user: 'me',
      pass: 'p@ss',
      name: 'x',
    });
  });

  it('give a lone name as the token', () => {
    expect(withCredentialsApart({ servers: ['nats://secret@a:4222', 'nats://b:4222'] })).toEqual({
      servers: ['nats://a:4222', 'nats://b:4222'],
      token: 'secret',
    });
  });

  it('yield to options of their own', () => {
    expect(withCredentialsApart({ servers: 'nats://me:one@a', pass: 'two' })).toMatchObject({
      user: 'me',
      pass: 'two',
    });
  });

  it('are refused if they name different users', () => {
    expect(() => withCredentialsApart({ servers: ['nats://me:x@a', 'nats://you:x@b'] })).toThrow(
      InvalidOptionError,
    );
  });
});
