import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CanActivate, type ExecutionContext, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { natsTransport, PgRegistryModule } from 'nestjs-pg-registry';
import { PgRegistryObserverModule } from 'nestjs-pg-registry/observer';
import { NatsServer } from '../../support/nats-server';
import { objectsOf, runHere } from './command';

/** Certificates of an authority that is made for a test. */
class Authority {
  readonly #directory: string;
  readonly ca: string;

  constructor(directory: string, name: string) {
    this.#directory = directory;
    this.ca = this.file(`${name}.pem`);
    this.#openssl('req', '-x509', ...this.#newKey(name), '-subj', `/CN=${name}`, '-out', this.ca);
  }

  file(name: string): string {
    return join(this.#directory, name);
  }

  /** A certificate for a subject. Returns the files of the certificate and of its key. */
  issue(subject: string, authority: string): { readonly cert: string; readonly key: string } {
    const [request, cert, extensions] = ['csr', 'pem', 'ext'].map((end) => this.file(`${subject}.${end}`));
    this.#openssl('req', ...this.#newKey(subject), '-subj', `/CN=${subject}`, '-out', request);
    writeFileSync(extensions, 'subjectAltName=IP:127.0.0.1,DNS:localhost');
    const signed = ['-CA', this.ca, '-CAkey', this.file(`${authority}.key`), '-CAcreateserial'];
    this.#openssl(
      'x509',
      '-req',
      '-in',
      request,
      ...signed,
      '-days',
      '2',
      '-extfile',
      extensions,
      '-out',
      cert,
    );
    return { cert, key: this.file(`${subject}.key`) };
  }

  #newKey(name: string): readonly string[] {
    return [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      this.file(`${name}.key`),
    ];
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' });
  }
}

/** Lets in those whose certificate the server has verified, if it is for operators. */
class CertificateGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { socket } = context.switchToHttp().getRequest<{ socket: TLSSocket }>();
    return socket.authorized && socket.getPeerCertificate().subject.CN === 'operator';
  }
}

describe('the command, where servers want a certificate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pg-registry-certificates-'));
  const ours = new Authority(directory, 'ours');
  const operator = ours.issue('operator', 'ours');
  const visitor = ours.issue('visitor', 'ours');
  const stranger = new Authority(directory, 'theirs').issue('stranger', 'theirs');
  let broker: NatsServer;
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    const { cert, key } = ours.issue('server', 'ours');
    broker = await NatsServer.start({
      config: `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ours.ca}", verify: true }`,
    });
    const tls = { caFile: ours.ca, certFile: cert, keyFile: key };
    @Module({
      imports: [
        PgRegistryModule.forRoot({ node: 'ada', transport: natsTransport({ servers: broker.url, tls }) }),
        PgRegistryObserverModule.forRoot({ guards: [CertificateGuard] }),
      ],
    })
    // oxlint-disable-next-line typescript/no-extraneous-class
    class AppModule {}
    const read = (file: string) => readFileSync(file);
    app = await NestFactory.create(AppModule, {
      logger: false,
      httpsOptions: {
        cert: read(cert),
        key: read(key),
        ca: read(ours.ca),
        requestCert: true,
        rejectUnauthorized: true,
      },
    });
    await app.listen(0, '127.0.0.1');
    url = `${await app.getUrl()}/pg-registry`;
  });
  afterAll(async () => {
    await app?.close();
    await broker?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const nodes = (where: readonly string[], ...args: readonly string[]) =>
    runHere(['nodes', '--json', '--timeout', '2000', ...where, ...args]);
  const by = ({ cert, key }: { readonly cert: string; readonly key: string }) => [
    '--tlscert',
    cert,
    '--tlskey',
    key,
  ];

  it.each(['the page', 'the broker'])('shows the nodes to a holder of one, at %s', async (place) => {
    const where = place === 'the page' ? ['--url', url] : ['--server', broker.url];
    const result = await nodes(where, '--tlsca', ours.ca, ...by(operator));
    expect(result.stderr).toBe('');
    expect(objectsOf(result)).toMatchObject([{ node: 'ada', answer: 'ok' }]);
  });

  it.each(['the page', 'the broker'])(
    'ends with 2 and says why, without one, with one of another authority, or for a server that it does not trust, at %s',
    async (place) => {
      const isPage = place === 'the page';
      const where = isPage ? ['--url', url] : ['--server', broker.url];
      const trusts = ['--tlsca', ours.ca];
      for (const [args, reason] of [
        [trusts, isPage ? /does not answer: .*Give yours with --tlscert/ : /certificate|secure/i],
        [
          [...trusts, ...by(stranger)],
          isPage ? /does not answer: .*Give yours with --tlscert/ : /certificate|unknown/i,
        ],
        [
          by(operator),
          isPage
            ? /does not answer: .*certificate.*Give whom you trust with --tlsca/
            : /certificate of the NATS server/,
        ],
      ] as const) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const { status, stdout, stderr } = await nodes(where, ...args);
        expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(reason)]);
      }
    },
  );

  it('leaves it to the guard whose certificate is enough', async () => {
    const { status, stderr } = await nodes(['--url', url], '--tlsca', ours.ca, ...by(visitor));
    expect([status, stderr]).toEqual([2, expect.stringContaining('does not let you look (status 403)')]);
  });

  it('names the file that it cannot read', async () => {
    const missing = join(directory, 'none.pem');
    const { status, stderr } = await nodes(['--url', url], '--tlscert', missing);
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(`The file of --tlscert cannot be read: ${missing}`),
    ]);
  });
});
