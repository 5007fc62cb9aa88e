import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { Client } from 'pg';
import { eventually } from '../../support/eventually';
import { guardAgainstOrphan } from '../../support/orphan-guard';

/** Far more than a connection takes, because the machine may be busy; one that is refused fails at once. */
const CONNECT_MS = 30_000;

/** Where Debian puts the programs of each version. */
const DEBIAN = '/usr/lib/postgresql';

/** A real PostgreSQL server on a free port, as an unprivileged user, in a directory that is removed at the end. */
export class PostgresServer {
  readonly #directory: string;
  readonly #programs: string;
  readonly #identity: { readonly uid?: number; readonly gid?: number };
  readonly #port: number;
  #process: ChildProcess | undefined;
  #unguard: () => void = () => undefined;

  private constructor(programs: string, port: number) {
    this.#programs = programs;
    this.#port = port;
    this.#directory = mkdtempSync(join(tmpdir(), 'pg-registry-postgres-'));
    // PostgreSQL refuses to run as root.
    this.#identity = process.getuid?.() === 0 ? unprivileged() : {};
    const { uid, gid } = this.#identity;
    if (uid !== undefined && gid !== undefined) chownSync(this.#directory, uid, gid);
    chmodSync(this.#directory, 0o700);
  }

  /** The folder of the server's programs, by `POSTGRES_BIN` or where Debian puts it; undefined if it is not installed. */
  static programs(): string | undefined {
    const given = process.env['POSTGRES_BIN'];
    if (given !== undefined && given !== '') return given;
    const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
    return versions
      .map((version) => join(DEBIAN, version, 'bin'))
      .findLast((folder) => existsSync(join(folder, 'initdb')));
  }

  /** Makes a database, starts its server and waits until it answers. */
  static async start(): Promise<PostgresServer> {
    const programs = PostgresServer.programs();
    if (programs === undefined)
      throw new Error(
        'No PostgreSQL: apt-get install postgresql, or name its folder of programs by POSTGRES_BIN.',
      );
    const server = new PostgresServer(programs, await freePort());
    execFileSync(
      join(programs, 'initdb'),
      [
        '-D',
        join(server.#directory, 'data'),
        '-U',
        'postgres',
        '--auth=trust',
        '--no-sync',
        '-E',
        'UTF8',
        '--locale=C',
      ],
      { ...server.#identity, cwd: server.#directory, stdio: 'ignore' },
    );
    await server.start();
    return server;
  }

  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  /** Starts it, on the same port as before. */
  async start(): Promise<void> {
    const options = ['-c', 'fsync=off', '-c', 'max_connections=60', '-c', 'shared_buffers=16MB'];
    this.#process = spawn(
      join(this.#programs, 'postgres'),
      [
        '-D',
        join(this.#directory, 'data'),
        '-p',
        String(this.#port),
        '-h',
        '127.0.0.1',
        '-k',
        this.#directory,
        ...options,
      ],
      { ...this.#identity, cwd: this.#directory, stdio: 'ignore' },
    );
    this.#unguard = guardAgainstOrphan(this.#process.pid!);
    await eventually(async () => {
      try {
        await this.query('SELECT 1');
        return true;
      } catch {
        return false;
      }
    });
  }

  /** Ends it at once: every connection is lost. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    this.#unguard();
    // SIGQUIT is PostgreSQL's immediate shutdown; after SIGKILL it would leave processes behind.
    child.kill('SIGQUIT');
    await exited;
  }

  async query(
    sql: string,
    parameters: readonly unknown[] = [],
  ): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: CONNECT_MS });
    client.on('error', () => undefined);
    // A client that never connected does not end either.
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql, [...parameters])).rows;
    } finally {
      await client.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function unprivileged(): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
