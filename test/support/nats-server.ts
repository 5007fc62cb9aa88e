import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from './eventually';
import { inNetwork } from './network';
import { guardAgainstOrphan } from './orphan-guard';

const START_TIMEOUT_MS = 10_000;
/** What the log of a server that takes connections says. */
const READY = ['Listening for client connections', 'Server is ready'];

export interface NatsServerOptions {
  /** Lines of nats-server's configuration: permissions, accounts, limits. `DIR` stands for the {@link NatsServer.directory}. */
  readonly config?: string;
  /** Makes the server one of a cluster, with routes to these others. */
  readonly cluster?: readonly NatsServer[];
  /** The address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** The network namespace to live in (Linux). Default: that of the test. */
  readonly netns?: string;
  /** The port to listen on. Default: a free one. */
  readonly port?: number;
}

/** A real nats-server on a free port, stopped by its own handle and never outliving the test. */
export class NatsServer {
  /** Where its files are; removed at the end. */
  readonly directory = mkdtempSync(join(tmpdir(), 'pg-registry-nats-'));
  #options: NatsServerOptions;
  #process: ChildProcess | undefined;
  #unguard: () => void = () => undefined;
  #log = '';
  #port = -1;
  #routePort = -1;

  private constructor(options: NatsServerOptions) {
    this.#options = options;
    this.#port = options.port ?? -1;
  }

  /** Starts a server and waits until it takes connections. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(options);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://${this.host}:${this.#port}`;
  }

  get host(): string {
    return this.#options.host ?? '127.0.0.1';
  }

  /** The id of its process, while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What the server has logged since its last start. */
  get log(): string {
    return this.#log;
  }

  /** Starts it again after {@link stop}, on the same ports and with another server id. */
  async start(): Promise<void> {
    const file = join(this.directory, 'server.conf');
    writeFileSync(file, this.#configuration());
    const [program, ...args] = [...inNetwork(this.#options.netns), findNatsServer(), '-c', file];
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    await this.#ready(child);
    this.#unguard = guardAgainstOrphan(child.pid!);
    this.#port = this.#portIn('client');
    if (this.#options.cluster) this.#routePort = this.#portIn('route');
  }

  /** Ends the process: every connection to it is lost. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    this.#unguard();
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill(signal);
    await exited;
  }

  /** Gives it other lines of configuration, from its next start on. */
  configure(config: string): void {
    this.#options = { ...this.#options, config };
  }

  /** Writes other lines of configuration, and makes the running server read them. It logs `Reloaded server configuration` when it has. */
  reload(config: string): void {
    this.configure(config);
    writeFileSync(join(this.directory, 'server.conf'), this.#configuration());
    this.#process?.kill('SIGHUP');
  }

  /** Stops the process from running: connections stay open, and once this resolves (on Linux) nothing passes any more. */
  async pause(): Promise<void> {
    this.#process?.kill('SIGSTOP');
    const tasks = `/proc/${this.#process?.pid}/task`;
    if (!existsSync(tasks)) return;
    // A signal is on its way for a while, and each thread stops by itself.
    await eventually(() => {
      for (const task of readdirSync(tasks))
        if (!/\) T /.test(readFileSync(join(tasks, task, 'stat'), 'utf8')))
          throw new Error('A thread of the server still runs.');
    });
  }

  /** Ends {@link pause}. */
  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Stops it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #configuration(): string {
    const { config = '', cluster } = this.#options;
    const routes = cluster?.map((server) => `nats-route://${server.host}:${server.#routePort}`).join(', ');
    return [
      `listen: "${this.host}:${this.#port}"`,
      routes === undefined
        ? ''
        : `cluster { name: test, listen: "${this.host}:${this.#routePort}", routes: [${routes}] }`,
      config.replaceAll('DIR', this.directory),
    ].join('\n');
  }

  #ready(child: ChildProcess): Promise<void> {
    this.#log = '';
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        child.kill('SIGKILL');
        reject(new Error(`nats-server ${why}. Its log:\n${this.#log}`));
      };
      const timer = setTimeout(() => fail(`was not ready within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS);
      child.once('error', (error) => fail(`did not start: ${error.message}`));
      child.once('exit', (code) => {
        clearTimeout(timer);
        fail(`ended with code ${String(code)}`);
      });
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
        const lines = this.#options.cluster ? [...READY, 'Listening for route connections'] : READY;
        if (!lines.every((line) => this.#log.includes(line))) return;
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #portIn(kind: 'client' | 'route'): number {
    const port = new RegExp(`Listening for ${kind} connections on [^ ]*:(\\d+)`).exec(this.#log)?.[1];
    if (port === undefined) throw new Error(`nats-server did not say its ${kind} port:\n${this.#log}`);
    return Number(port);
  }
}

/** The server's program: `NATS_SERVER_BIN`, or `nats-server` on the PATH or where Debian puts it. */
function findNatsServer(): string {
  const given = process.env['NATS_SERVER_BIN'];
  if (given !== undefined && given !== '') return given;
  const found = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
    .map((directory) => join(directory, 'nats-server'))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error('No nats-server: install it, or name it by NATS_SERVER_BIN.');
  return found;
}
