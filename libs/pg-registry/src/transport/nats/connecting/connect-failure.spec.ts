import { failureOf, giveUpError, needsCorrection } from './connect-failure';

const SERVER = 'nats://db-7:4222';
const coded = (code: string): Error => Object.assign(new Error(`write ${code}`), { code });

describe('a connection that the server ends after its greeting', () => {
  it.each([
    ['nats 2', coded('ECONNRESET')],
    ['nats 2, when it writes', coded('EPIPE')],
    ['transport-node 3', Object.assign(new Error('connection refused'), { cause: coded('ECONNRESET') })],
  ])('may be for want of a certificate, and is tried again: %s', (_, cause) => {
    const failure = failureOf(SERVER, cause);
    expect(needsCorrection(failure)).toBe(false);
    expect(giveUpError(failure, [SERVER], 'within 2000 ms').message).toMatch(
      /^Not connected within 2000 ms: .*db-7.* ended the connection: .*certificates/,
    );
  });
});

describe('a failure of TLS', () => {
  it.each(['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'])(
    "is of the client's certificate if the server says so: %s",
    (code) => {
      const failure = failureOf(SERVER, coded(code));
      expect(needsCorrection(failure)).toBe(true);
      expect(giveUpError(failure, [SERVER]).message).toMatch(
        /did not accept this client's certificate: .*tls: \{ cert, key \}/,
      );
    },
  );

  it("is of the server's certificate if the client says so", () => {
    const failure = failureOf(SERVER, coded('SELF_SIGNED_CERT_IN_CHAIN'));
    expect(needsCorrection(failure)).toBe(true);
    expect(giveUpError(failure, [SERVER]).message).toMatch(
      /^The certificate of the NATS server at .* was not accepted: .*tls: \{ ca \}/,
    );
  });
});
