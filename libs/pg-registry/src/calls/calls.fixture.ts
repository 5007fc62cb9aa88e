import {
  AlreadyRegisteredError,
  DEFAULT_VALUE_LIMITS,
  type Key,
  type Pid,
  PidInterner,
  sameKey,
  UniqueKeysRequiredError,
} from '../term';
import { type ProcessKind, Reader } from '../wire';
import { FRAME_KINDS } from '../wire/frame-kinds';
import type { CallChannel, NodeIdentity, ReceivedFrame } from './frames/call-channel';
import { Calls } from './calls';
import type { CallsDeps } from './calls-deps';
import { type Handler, HandlerTable } from './handlers';
import type { LocalProcess } from '../lifetime/local-process';
import type { MailboxOptions } from './mailbox-deps';
import { ProcessService } from '../process/process-service';
import { Processes } from '../lifetime/processes';
import type { NodeAvailability } from './resolver';
import type { Timers } from '../lifetime/timers';
import type { Via } from './via';

/** Time that stands still until it is moved. */
export class ManualTimers implements Timers {
  /** How many want the Node.js process to stay alive. */
  wanted = 0;
  #now = 1000;
  readonly #timers = new Set<{ readonly at: number; readonly fn: () => void }>();

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  setTimer(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  stayAlive(isWanted: boolean): void {
    this.wanted += isWanted ? 1 : -1;
  }

  afterTurn(fn: () => void): () => void {
    const immediate = setImmediate(fn);
    return () => clearImmediate(immediate);
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = until;
  }
}

/** A frame on its way. */
export interface FakeFrame {
  readonly kind: ProcessKind;
  readonly from: string;
  readonly to: string;
  /** As it was sent; the item of a bundle with its head. */
  readonly body: Uint8Array;
}

/** Nodes whose calls are connected in memory, through the real codec; frames can be lost. */
export class FakeCluster {
  readonly timers = new ManualTimers();
  readonly nodes = new Map<string, FakeNode>();
  readonly names: { scope: string; key: Key; pid: Pid }[] = [];
  /** Of nodes that are neither ready nor unknown. */
  readonly availabilities = new Map<string, NodeAvailability>();
  readonly frames: FakeFrame[] = [];
  lose: (frame: FakeFrame) => boolean = () => false;
  #incarnations = 0;

  /** @param version In which all nodes talk to each other. */
  constructor(readonly version: 1 | 2 | 3 = 3) {}

  node(name: string, options: Partial<CallsDeps> = {}): FakeNode {
    this.#incarnations += 1;
    const node = new FakeNode(this, name, this.#incarnations.toString(16).padStart(16, '0'), options);
    this.nodes.set(name, node);
    return node;
  }

  carry(frame: FakeFrame, deliver: (to: FakeNode) => void): void {
    this.frames.push(frame);
    if (this.lose(frame)) return;
    queueMicrotask(() => {
      const to = this.nodes.get(frame.to);
      if (to !== undefined) deliver(to);
    });
  }
}

export class FakeNode {
  readonly pids = new PidInterner();
  readonly processes: Processes;
  readonly calls: Calls;
  readonly service: ProcessService;
  readonly warnings: string[] = [];
  /** The items of each bundle that left, by their kinds. */
  readonly published: string[][] = [];
  /** The sizes of these bundles. */
  readonly publishedBytes: number[] = [];
  /** Requests of version 1 that left, with whether somebody still waits to hear that nobody listens. */
  readonly requests = new Set<{ readonly isOpen: boolean }>();
  connected = true;
  /** While so much is on its way that what can wait should. */
  congestion: Promise<void> | undefined;
  exclusive = true;

  constructor(
    readonly cluster: FakeCluster,
    readonly name: string,
    readonly incarnation: string,
    options: Partial<CallsDeps>,
  ) {
    const { timers } = cluster;
    const identity = { node: name, incarnation };
    this.processes = new Processes({ ...identity, pids: this.pids });
    this.processes.onExit(({ pid }) => {
      const kept = cluster.names.filter((entry) => entry.pid !== pid);
      cluster.names.splice(0, cluster.names.length, ...kept);
    });
    this.calls = new Calls({
      ...identity,
      processes: this.processes,
      pids: this.pids,
      limits: DEFAULT_VALUE_LIMITS,
      timers,
      random: Math.random,
      channel: this.#channel(),
      resolver: {
        members: (scope, key) => this.#members(scope, key),
        membersLocal: (scope, key) => this.#members(scope, key).filter((pid) => this.processes.isLocal(pid)),
      },
      peers: { availability: (of) => this.#availability(of), versionOf: () => cluster.version },
      onWarning: (reason, message) => this.warnings.push(`${reason}: ${message}`),
      ...options,
    });
    this.service = new ProcessService({
      processes: this.processes,
      calls: this.calls,
      timers,
      onWarning: (message) => this.warnings.push(message),
      registrar: {
        requireUnique: (scope) => {
          if (!this.exclusive) throw new UniqueKeysRequiredError(`${scope} has duplicate keys`);
        },
        register: (via, process) => this.register(via, process),
      },
    });
  }

  /** Takes a frame as if it came from another node. */
  receive(from: FakeNode, frame: Pick<ReceivedFrame, 'kind' | 'body'> & Partial<ReceivedFrame>): void {
    const { name: node, incarnation } = from;
    const sender = { from: { node, incarnation }, isFromPeer: true, reply: '', token: '' };
    this.calls.port.receive({ ...sender, ...frame });
  }

  /** A process with these calls, as decorators make one. */
  serve(
    calls: Record<string, Handler>,
    options: MailboxOptions & { casts?: Record<string, Handler> } = {},
  ): LocalProcess {
    const process = this.processes.spawn();
    const casts = new Map(Object.entries(options.casts ?? {}));
    const table = new HandlerTable('Fake', { calls: new Map(Object.entries(calls)), casts });
    this.calls.mailboxes.mount(process, options).open(table);
    return process;
  }

  /** Starts a process that counts its casts. */
  collect(): { readonly casts: () => number; readonly pid: Pid } {
    let casts = 0;
    const { pid } = this.processes.spawn();
    this.calls.mailboxes.tell = () => void (casts += 1);
    return { casts: () => casts, pid };
  }

  /** The item of a bundle with which a node casts something to the root process of this one. */
  bodyOfCast(from: FakeNode, payload: number): Uint8Array {
    const before = from.cluster.frames.length;
    from.service.cast(this.processes.root.pid, 'note', payload);
    return from.cluster.frames[before].body;
  }

  register({ scope, key }: Pick<Via, 'scope' | 'key'>, process: LocalProcess): void {
    const { pid } = process;
    const holder = this.#members(scope, key).find((member) => this.processes.isLocal(member));
    if (this.exclusive && holder !== undefined) throw new AlreadyRegisteredError('taken', { pid: holder });
    this.cluster.names.push({ scope, key, pid });
  }

  /** Nothing of the node runs any more, and nobody was told. */
  crash(): void {
    this.cluster.nodes.delete(this.name);
    this.connected = false;
  }

  #members(scope: string, key: Key): Pid[] {
    const entries = this.cluster.names.filter((entry) => entry.scope === scope && sameKey(entry.key, key));
    return entries.map(({ pid }) => this.pids.internPid(pid));
  }

  #availability({ node, incarnation }: NodeIdentity): NodeAvailability {
    const known = this.cluster.availabilities.get(node);
    if (known !== undefined) return known;
    return this.cluster.nodes.get(node)?.incarnation === incarnation ? 'ready' : 'unknown';
  }

  #channel(): CallChannel {
    const { cluster, name: node, incarnation } = this;
    const isConnected = (): boolean => this.connected;
    const from = { node, incarnation };
    const carry = (kind: ProcessKind, to: string, body: Uint8Array, more: Partial<ReceivedFrame> = {}) => {
      const received = { kind, from, isFromPeer: true, reply: '', token: '', ...more };
      for (const part of partsOf(kind, body))
        cluster.carry({ kind: part.kind, from: node, to, body: part.body }, ({ calls }) =>
          calls.port.receive({ ...received, body: part.body }),
        );
    };
    return {
      limits: { maxBodyBytes: 100_000, limitedBy: 'because the broker of the test says so' },
      get isConnected() {
        return isConnected();
      },
      congestion: () => this.congestion,
      send: (kind, to, body) => {
        if (this.connected) carry(kind, to, body.slice());
      },
      outlet: (to) => ({
        publish: (body, token) => {
          if (!this.connected) return false;
          this.published.push(partsOf('bundle', body).map(({ kind }) => kind));
          this.publishedBytes.push(body.length);
          if (cluster.nodes.has(to)) carry('bundle', to, body.slice());
          else queueMicrotask(() => void this.calls.port.noResponders(token));
          return true;
        },
      }),
      request: (to, body, token, onNoResponders) => {
        if (!this.connected) return undefined;
        const request = { isOpen: true, cancel: () => void (request.isOpen = false) };
        const nobody = (): void => void (request.isOpen && onNoResponders());
        if (cluster.nodes.has(to)) carry('call', to, body.slice(), { reply: `${node} ${token}` });
        else queueMicrotask(nobody);
        this.requests.add(request);
        return request;
      },
      reply: (address: string, _node: string, body: Uint8Array) => {
        const [to, token] = address.split(' ');
        if (this.connected) carry('reply', to, body, { token });
      },
    };
  }
}

/** The items of a bundle, each as a bundle of its own, so that a test can lose one; any other frame as it is. */
function partsOf(kind: ProcessKind, body: Uint8Array): { kind: ProcessKind; body: Uint8Array }[] {
  if (kind !== 'bundle') return [{ kind, body }];
  const parts: { kind: ProcessKind; body: Uint8Array }[] = [];
  const reader = new Reader(body);
  for (let number = reader.nextItem(); number !== undefined; number = reader.nextItem()) {
    const start = reader.position - 5;
    parts.push({
      kind: FRAME_KINDS[number] as ProcessKind,
      body: body.subarray(start, reader.partEnd).slice(),
    });
  }
  return parts;
}

/** Resolves when everything that needs no time has happened. */
export async function turn(): Promise<void> {
  // A question, its answer, and what that leads to may each wait for the end of a turn.
  for (let turns = 0; turns < 4; turns += 1) {
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What a promise rejects with; handled from the start, so that it may be looked at later. */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => Promise.reject(new Error(`It did not fail: ${String(value)}`)),
    (error: unknown) => error,
  );
}

/** Never answers. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}

/** Nothing may be left of any call. */
export function expectNoLeak(cluster: FakeCluster): void {
  for (const { calls } of cluster.nodes.values()) {
    const { pending, pendingRemote, serving, inFlight } = calls.stats();
    expect({ pending, pendingRemote, serving, inFlight }).toEqual({
      pending: 0,
      pendingRemote: 0,
      serving: 0,
      inFlight: 0,
    });
  }
  expect(timersLeft(cluster)).toEqual({ wanted: 0, pending: 0 });
}

/** What still waits when all time limits of calls have passed: their timer outlives the calls. */
export function timersLeft({ timers }: FakeCluster): { readonly wanted: number; readonly pending: number } {
  const { wanted } = timers;
  timers.advance(60_000);
  return { wanted, pending: timers.pending };
}
