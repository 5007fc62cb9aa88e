import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PGLiteSocketServer } from '@electric-sql/pglite-socket' with { 'resolution-mode': 'import' };
import { EmbeddedDatabase } from '../persistence/embedded-database';
import { Balancer, type Backend } from './balancer';
import { type Cluster, newTokenBase } from './local-cluster';
import { startNatsServer } from './nats-server';
import { NODE_PROCESS, type NodeProcessNews, type NodeProcessOptions } from './node-process';
import { START_A_SERVER, type StartOptions } from './options';
import { UserError } from './user-error';

const STOP_TIMEOUT_MS = 30_000;
const RESTART_MS = 500;
const MAX_DATABASE_CONNECTIONS = 100;

/** The database that the processes of the nodes share. */
interface SharedDatabase {
  readonly url: string;
  readonly location: string;
  close(): Promise<void>;
}

/** Starts each node in a process of its own, with a balancer in front, and starts a node again when its process has ended. */
export async function startProcessCluster(options: StartOptions): Promise<Cluster> {
  const { nats, host, port, directory } = options;
  const database = await shareDatabase(options);
  const server = nats === START_A_SERVER ? await startNatsServer(join(directory, 'nats')) : undefined;
  const balancer = await Balancer.listen(host, port);
  // A server that was given keeps its store; that of the one that is started here may have been removed with its directory.
  const tokenBase = server === undefined ? 0 : newTokenBase();
  const urls = server === undefined ? nats!.split(',') : [server.url];
  const nodes = Array.from({ length: options.nodes }, (_, i) => {
    const { accessToken, isDemonstration, saves } = options;
    const told = { host, accessToken, isDemonstration, saves, tokenBase, database: database.url };
    return new NodeProcess({ ...told, node: `node-${i + 1}`, nats: urls[i % urls.length] }, balancer);
  });
  const stop = async (): Promise<void> => {
    // One after the other, so that documents move and are saved while there is a node left.
    // oxlint-disable-next-line no-await-in-loop
    for (const node of nodes) await node.stop();
    await balancer.close();
    await server?.stop();
    await database.close();
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: [
      { url: `http://${host}:${balancer.port}/`, what: 'balancer' },
      ...nodes.map(({ name, url, pid }) => ({ url, what: `${name}, process ${pid}` })),
    ],
    storage: database.location,
    stop,
  };
}

/** Lets the nodes' processes into PGlite, or names the server that they connect to. */
async function shareDatabase({ database, directory, host }: StartOptions): Promise<SharedDatabase> {
  if (database !== undefined) {
    const { host: server, pathname } = new URL(database);
    return { url: database, location: `PostgreSQL at ${server}${pathname}`, close: async () => undefined };
  }
  mkdirSync(directory, { recursive: true });
  const embedded = await EmbeddedDatabase.open(join(directory, 'pglite'));
  const { PGLiteSocketServer } = await import('@electric-sql/pglite-socket');
  const server: PGLiteSocketServer = new PGLiteSocketServer({
    db: embedded.instance,
    host,
    port: 0,
    maxConnections: MAX_DATABASE_CONNECTIONS,
  });
  await server.start();
  return {
    url: `postgresql://postgres:postgres@${server.getServerConn()}/postgres?sslmode=disable`,
    location: embedded.location,
    close: async () => {
      await server.stop();
      await embedded.close();
    },
  };
}

/** The process of one node. */
class NodeProcess {
  readonly name: string;
  readonly #options: NodeProcessOptions;
  readonly #balancer: Balancer;
  #child: ChildProcess | undefined;
  #backend: Backend | undefined;
  #hasStopped = false;

  constructor(options: NodeProcessOptions, balancer: Balancer) {
    this.name = options.node;
    this.#options = options;
    this.#balancer = balancer;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get url(): string {
    return `http://${this.#options.host}:${this.#backend?.port}/`;
  }

  /** Resolves when the node serves browsers. @throws UserError if it ends before. */
  async start(): Promise<void> {
    const env = { ...process.env, [NODE_PROCESS]: JSON.stringify(this.#options) };
    const child = fork(require.resolve('../main'), [], {
      env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.on('message', (news: NodeProcessNews) => {
        if (news.type === 'ready') this.#serve(news.port);
        else this.#withdraw();
        resolve();
      });
      child.once('exit', () => {
        this.#withdraw();
        reject(new UserError(`${this.name} has ended while it started. What it said is above.`));
        void this.#startAgain();
      });
    });
  }

  async stop(): Promise<void> {
    this.#hasStopped = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  #serve(port: number): void {
    this.#backend = { host: this.#options.host, port };
    this.#balancer.add(this.#backend);
  }

  #withdraw(): void {
    if (this.#backend !== undefined) this.#balancer.remove(this.#backend);
  }

  async #startAgain(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, RESTART_MS));
    if (this.#hasStopped) return;
    try {
      await this.start();
      console.log(`${this.url}  ${this.name}, process ${this.pid}, started again`);
    } catch {
      // It has said why, and is started once more.
    }
  }
}
