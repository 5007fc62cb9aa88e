import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually';
import { guardAgainstOrphan } from '../../support/orphan-guard';

const ROOT = join(__dirname, '../../..');
const REGISTER = join(ROOT, 'test/support/register.cjs');
const MAIN = join(ROOT, 'apps/collaboration/src/main.ts');
/** Far more than a start takes, because the machine may be busy. */
export const START_TIMEOUT_MS = 180_000;
const NODE_LINE = /^(http:\S+) {2}(\S+?)(?:, process (\d+))?(?:, started again)?$/gm;

/** A program that makes a database of PGlite in the directory that it is given. */
const MAKE_DATABASE = `
  const { PGlite } = await import('@electric-sql/pglite');
  const database = new PGlite(process.argv[1]);
  await database.waitReady;
  await database.close();`;

/** A node of the application, as its last life has printed itself. */
export interface CollaborationNode {
  readonly name: string;
  /** Its own address; a new one after a restart. */
  readonly url: string;
  /** The process that it has of its own, with NATS. */
  readonly pid: number;
}

export interface CollaborationOptions {
  /** Default 3, or 2 without NATS. */
  readonly nodes?: number;
  /** True: over a nats-server that the application starts; an array: the URLs of a test's own, one for each node in turn. False: in one process. */
  readonly nats?: boolean | readonly string[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** What `GET /api/documents` answers. */
export interface DocumentsView {
  readonly node: string;
  readonly documents: readonly {
    readonly name: string;
    readonly holder: string | null;
    readonly sessions: readonly { readonly node: string; readonly user: { readonly name: string } | null }[];
    readonly sessionCount: number;
  }[];
}

/** The application as `npm run collaboration` runs it, from its sources, in a directory of its own. */
export class CollaborationCluster {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #unguard: () => void;
  readonly #exited: Promise<unknown>;
  #stdout = '';
  #stderr = '';

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    this.#unguard = guardAgainstOrphan(child.pid!);
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
    child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
  }

  /** Starts it and waits until it serves browsers. */
  static async start({
    nodes,
    nats = true,
    args = [],
    env = {},
  }: CollaborationOptions = {}): Promise<CollaborationCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'pg-registry-collaboration-'));
    const all = [
      ...(nats === true ? ['--nats'] : nats === false ? [] : [`--nats=${nats.join(',')}`]),
      ...(nodes === undefined ? [] : ['--nodes', String(nodes)]),
      '--directory',
      directory,
      ...args,
    ];
    if (env['DATABASE_URL'] === undefined) copyEmbeddedDatabase(join(directory, 'pglite'));
    const child = spawn(process.execPath, ['-r', REGISTER, MAIN, ...all], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const cluster = new CollaborationCluster(child, directory);
    await eventually(
      () => {
        if (child.exitCode !== null) throw new Error(`The application has ended:\n${cluster.output}`);
        return cluster.#stdout.includes('Documents: ');
      },
      { timeoutMs: START_TIMEOUT_MS },
    );
    return cluster;
  }

  /** The nodes, each as its last life has printed itself. */
  get nodes(): readonly CollaborationNode[] {
    const nodes = new Map<string, CollaborationNode>();
    for (const [, url, name, pid] of this.#stdout.matchAll(NODE_LINE))
      if (name !== 'balancer') nodes.set(name, { name, url, pid: Number(pid) });
    return [...nodes.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The one address in front of all nodes that have processes of their own. */
  get balancerUrl(): string {
    const [, url] = /^(http:\S+) {2}balancer$/m.exec(this.#stdout) ?? [];
    if (url === undefined) throw new Error('Nodes of one process have no balancer.');
    return url;
  }

  /** The process of the application: without NATS, of all nodes. */
  get pid(): number {
    return this.#child.pid!;
  }

  /** Everything it has written. */
  get output(): string {
    return `${this.#stdout}${this.#stderr}`;
  }

  node(name: string): CollaborationNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`There is no ${name}:\n${this.output}`);
    return found;
  }

  /** Sends a signal to the process of a node. The application starts it again. */
  kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    process.kill(this.node(name).pid, signal);
  }

  /** Resolves when a node that was killed serves browsers again. @param before What {@link node} returned before it was killed. */
  async restarted(before: CollaborationNode): Promise<CollaborationNode> {
    await eventually(() => this.node(before.name).pid !== before.pid);
    return this.node(before.name);
  }

  /** @param url Of a node, with a token if it asks for one. */
  async documents(url: string = this.nodes[0].url): Promise<DocumentsView> {
    const answer = await fetch(new URL(`api/documents${new URL(url).search}`, url));
    return (await answer.json()) as DocumentsView;
  }

  /** The node that holds a document; undefined if none does. */
  async holderOf(document: string, url?: string): Promise<string | undefined> {
    const { documents } = await this.documents(url);
    return documents.find(({ name }) => name === document)?.holder ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    await this.#exited;
    this.#unguard();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/**
 * Copies a database of PGlite that is as good as new. PGlite takes seven seconds of processor to make one, and less than one to open it, so the
 * tests of a machine make it once.
 */
function copyEmbeddedDatabase(directory: string): void {
  const { devDependencies } = require('../../../package.json') as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const version = devDependencies['@electric-sql/pglite'];
  const made = join(ROOT, 'node_modules/.cache/pg-registry-test', `pglite-${version}`);
  if (!existsSync(made)) {
    const own = `${made}.${process.pid}`;
    mkdirSync(own, { recursive: true });
    execFileSync(process.execPath, ['--input-type=module', '-e', MAKE_DATABASE, own], { cwd: ROOT });
    try {
      renameSync(own, made);
    } catch {
      // Another test was faster.
      rmSync(own, { recursive: true });
    }
  }
  cpSync(made, directory, { recursive: true });
}
