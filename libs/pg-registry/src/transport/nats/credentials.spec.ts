import { inspect } from 'node:util';
import { TransportError } from '../../term';
import { Credentials } from './credentials';

function credentialsOf(options: object): Credentials {
  const credentials = new Credentials();
  credentials.addAllIn(options);
  return credentials;
}

describe('the credentials of a transport', () => {
  it('are replaced in a text as they are, in a URL, as JSON, and line by line', () => {
    const credentials = credentialsOf({ user: 'me', pass: 'a "b" /c', tls: { key: 'line one\nline two' } });
    expect(credentials.hideIn('a "b" /c, a%20%22b%22%20%2Fc, a \\"b\\" /c, line two')).toBe(
      '***, ***, ***, ***',
    );
  });

  it('are no names, servers, paths, and no texts of fewer than four characters', () => {
    const credentials = credentialsOf({
      servers: 'nats://host',
      name: 'orders-1',
      user: 'orders-1',
      pass: 'abc',
      tls: { caFile: '/etc/ca.pem', servername: 'nats.internal' },
    });
    const text = "'orders-1' at nats://host abc /etc/ca.pem nats.internal";
    expect(credentials.hideIn(text)).toBe(text);
  });

  it('stay out of the copy of an error, of its causes and their stacks, which keep name, code and place', () => {
    const credentials = credentialsOf({ token: 'open sesame' });
    const root = Object.assign(new RangeError('root: open sesame'), {
      code: 'E_ROOT',
      options: { token: 'open sesame' },
    });
    const middle = new Error('middle', { cause: root });
    const copy = credentials.copyOf(new TransportError('refused: open sesame', { cause: middle }));
    expect(copy).toBeInstanceOf(TransportError);
    expect(copy).toMatchObject({
      message: 'refused: ***',
      code: 'TRANSPORT',
      cause: { message: 'middle', cause: { name: 'RangeError', code: 'E_ROOT', message: 'root: ***' } },
    });
    expect(inspect(copy, { depth: Infinity, showHidden: true })).not.toContain('sesame');
    expect(copy.stack).toContain('credentials.spec');
  });

  it('are noted when a function of the options gives them, and what it throws is not passed on', () => {
    const credentials = new Credentials();
    const watched = credentials.watch({
      servers: 'nats://host',
      authenticator: [
        () => ({ auth_token: 'given later' }),
        () => {
          throw new TypeError('seed given never');
        },
      ],
    });
    const [give, fail] = watched.authenticator as readonly (() => unknown)[];
    expect(give()).toEqual({ auth_token: 'given later' });
    expect(credentials.hideIn('given later')).toBe('***');
    expect(fail).toThrow(
      "Option 'authenticator' of natsTransport() threw TypeError. Its message is not shown",
    );
    expect(fail).not.toThrow('given never');
  });

  it('of a given connection include those in its URLs', () => {
    const credentials = credentialsOf({ servers: ['nats://somebody:p%40ssword@host:4222'] });
    expect(credentials.hideIn('p@ssword p%40ssword')).toBe('*** ***');
  });
});
