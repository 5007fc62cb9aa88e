import type { PeerView } from '../cluster';
import { formatKey, InvalidArgumentError, isArray, type Key, normalKey, printable } from '../term';
import { entryFact, searchEntries } from './entry-search';
import type {
  ChangeFact,
  EntityFact,
  EntityPage,
  EntryPage,
  HandlerFact,
  KeyFact,
  NameFact,
  NodeFact,
  PeerFact,
  ProcessPage,
  ScopeFact,
} from './facts';
import { asJson, fromJson, type Json, pidText, toJson } from './json-form';
import type { LocalNode, LocalScope } from './local-node';
import { MOST_ENTRIES_OF_KEY } from './shapes';

/** A list that a node sends has so many members at most. */
const MOST_LISTED = 500;
const MOST_SCOPES = 200;
const MOST_STREAMS = 1000;
const MOST_CHANGES_OF_KEY = 20;
/** How long a value may be that was asked for by its key, in characters of JSON. */
const MOST_VALUE_CHARS = 60_000;
/** The values of one key together. */
const MOST_VALUES_CHARS = 120_000;
const MOST_NAME_CHARS = 2000;
/** Load is over at least so long a time: less shows what one answer has cost, and calls that busy. */
const LEAST_LOAD_MS = 900;

/** What a node knows, and nobody else: about itself, its processes, and what it has of the others. Every answer costs a bounded time. */
export class LocalFacts {
  readonly #node: LocalNode;
  #since: Usage;
  /** The latest load: as part of one core, and how much of the time the event loop was not idle. */
  #load: Pick<NodeFact, 'cpu' | 'loop'> = { cpu: 0, loop: 0 };

  constructor(node: LocalNode) {
    this.#node = node;
    this.#since = usageNow(node);
  }

  /** About the node itself. */
  node(): NodeFact {
    const { name, incarnation, options, startedAt, versions, calls, processes, names, entities } = this.#node;
    const { server, connected, problem } = this.#node.connection();
    const namesStats = names.stats();
    const { heapUsed, rss } = process.memoryUsage();
    return {
      node: name,
      incarnation,
      state: this.#node.state(),
      version: options.version,
      nodeVersion: process.version,
      protocol: versions,
      server,
      connected,
      problem: problem !== '' ? problem : (namesStats.problem ?? ''),
      crashDetection: this.#node.crashDetection(),
      startedAt,
      clock: this.#node.wall(),
      ...this.#loadSince(),
      heapBytes: heapUsed,
      rssBytes: rss,
      processes: processes.size,
      entities: entities.hosted.reduce((sum, { lives }) => sum + lives.size, 0),
      names: namesStats.held,
      inFlight: calls.mailboxes.inFlight,
      watches: this.#node.watched(),
      peers: this.#peers(),
      scopes: this.#node.scopes().length,
    };
  }

  /** The scopes that run here, by name, after a name. */
  scopes(after = ''): readonly ScopeFact[] {
    const names = this.#node.scopes().toSorted();
    const from = names.findIndex((name) => name > after);
    return (from === -1 ? [] : names.slice(from, from + MOST_SCOPES)).flatMap((name) => {
      const scope = this.#node.scope(name);
      return scope === undefined ? [] : [scopeFact(name, scope)];
    });
  }

  /** Entries of a scope. @throws InvalidArgumentError */
  entries(
    scope: string,
    {
      prefix,
      match,
      cursor,
      limit = MOST_LISTED,
    }: {
      readonly prefix?: Json | undefined;
      readonly match?: Json | undefined;
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    },
  ): EntryPage {
    const { table } = this.#running(scope);
    const most = Math.min(Math.max(1, limit), MOST_LISTED);
    const found = searchEntries(table, { prefix, match }, cursor, most, {
      now: () => this.#node.now(),
      self: this.#node.processes.root.pid,
    });
    return { node: this.#node.name, ...found };
  }

  /** What this node believes about a key. */
  key(scope: string, key: Json): KeyFact {
    const running = this.#node.scope(scope);
    const { journal } = this.#node;
    const peers = this.#peers();
    const none = { count: 0, entries: [], last: 0, streams: [], changes: [] };
    if (running === undefined) return { runs: false, ...none, peers, journal: journal.capacity };
    const normal = this.#key(key);
    const rows = running.table.rowsOf(normal);
    const shown = rows.slice(0, MOST_ENTRIES_OF_KEY);
    const most = Math.min(MOST_VALUE_CHARS, Math.floor(MOST_VALUES_CHARS / Math.max(1, shown.length)));
    return {
      runs: true,
      entries: shown.map((row) => entryFact(row, most)),
      count: rows.length,
      last: running.last,
      streams: running.positions().slice(0, MOST_STREAMS),
      peers,
      changes: journal.changes(MOST_CHANGES_OF_KEY, scope, normal),
      journal: journal.capacity,
    };
  }

  /** The processes of this node, by rising id, after an id. */
  processes(after = -1): ProcessPage {
    const { processes, calls, meter, name } = this.#node;
    meter.look();
    const page = processes.living(after, MOST_LISTED);
    return {
      node: name,
      cursor: page.length < MOST_LISTED ? undefined : String(page[page.length - 1].pid.id),
      processes: page.map(({ pid, label = '' }) => {
        const mailbox = calls.mailboxes.of(pid);
        const waiting = mailbox?.waiting ?? mailbox?.size ?? 0;
        return {
          pid: pidText(pid),
          node: name,
          label: printable(label, 120),
          waiting,
          running: (mailbox?.size ?? 0) - waiting,
          handled: mailbox?.handled ?? 0,
          serial: mailbox?.isSerial ?? false,
          longestMs: meter.longestOf(pid.id),
        };
      }),
    };
  }

  /** The handlers of this node, as they were measured since somebody looks. */
  handlers(): readonly HandlerFact[] {
    const { meter, name } = this.#node;
    meter.look();
    return meter.facts(name);
  }

  /** Cluster names of which this node has heard: those that begin with a prefix, or all. Costs the number of names. */
  names(prefix: Json | undefined): readonly NameFact[] {
    const { names, scopes } = { names: this.#node.names, scopes: this.#node.scopes() };
    // Reading them would start their scope, which costs every node a sync.
    if (!scopes.includes('pg.names')) return [];
    const elements = prefix === undefined ? undefined : this.#key(prefix);
    if (elements !== undefined && !isArray(elements))
      throw new InvalidArgumentError('A prefix of names must be an array of key elements.');
    return names
      .holders(elements)
      .slice(0, MOST_LISTED)
      .map(({ key, pid, token, value }) => ({
        key: toJson(key, MOST_NAME_CHARS),
        keyText: formatKey(key),
        pid: pidText(pid),
        node: pid.node,
        token,
        value: toJson(value, MOST_NAME_CHARS),
        expiresInMs: undefined,
      }));
  }

  /** A cluster name, as the store knows it: one round trip to the store. @throws What `ClusterNames.holder` throws */
  async name(key: Json): Promise<readonly NameFact[]> {
    const holder = await this.#node.names.holder(this.#key(key));
    if (holder === undefined) return [];
    const { key: held, pid, token, value, expiresInMs } = holder;
    return [
      {
        key: toJson(held, MOST_NAME_CHARS),
        keyText: formatKey(held),
        pid: pidText(pid),
        node: pid.node,
        token,
        value: toJson(value, MOST_NAME_CHARS),
        expiresInMs,
      },
    ];
  }

  /** The entities that live here, of one type or of all, after a process. */
  hosted(type: string | undefined, after = -1): EntityPage {
    const now = this.#node.now();
    const { hosted } = this.#node.entities;
    const found: EntityFact[] = [];
    let isFull = false;
    for (const { type: of, lives } of hosted) {
      if (type !== undefined && of.name !== type) continue;
      for (const { key, process: living, mailbox, closing, handled, quietSince } of lives.values()) {
        const { pid } = living;
        if (pid.id <= after) continue;
        if (found.length >= MOST_LISTED) {
          isFull = true;
          break;
        }
        const isQuiet = mailbox.size === 0 && mailbox.handled === handled && quietSince !== Infinity;
        found.push({
          type: of.name,
          key: toJson(key, MOST_NAME_CHARS),
          keyText: formatKey(key),
          pid: pidText(pid),
          node: pid.node,
          state: closing !== undefined ? 'closing' : mailbox.waiting !== undefined ? 'living' : 'starting',
          messages: mailbox.size,
          idleMs: isQuiet ? Math.max(0, now - quietSince) : 0,
        });
      }
    }
    return {
      node: this.#node.name,
      types: Object.fromEntries(hosted.map(({ type: of, lives }) => [of.name, lives.size])),
      entities: found,
      // Only within one type do processes rise.
      cursor: isFull && type !== undefined ? found[found.length - 1]?.pid.split('/').at(-1) : undefined,
    };
  }

  /** The figures of `node.stats()`. */
  counters(): Json {
    return asJson(this.#node.stats());
  }

  /** The latest changes of a scope, and what happened to peers, the latest first. */
  changes(scope: string | undefined, most = 100): readonly ChangeFact[] {
    const { journal } = this.#node;
    const limit = Math.min(Math.max(1, most), MOST_LISTED);
    return [...journal.peerEvents(limit), ...(scope === undefined ? [] : journal.changes(limit, scope))]
      .toSorted((a, b) => b.number - a.number)
      .slice(0, limit);
  }

  #running(scope: string): LocalScope {
    const running = this.#node.scope(scope);
    if (running !== undefined) return running;
    throw new InvalidArgumentError(
      `Scope '${printable(scope, 130)}' does not run on node '${this.#node.name}'.`,
    );
  }

  #key(json: Json): Key {
    return normalKey(fromJson(json), this.#node.limits, this.#node.pids);
  }

  #peers(): readonly PeerFact[] {
    return this.#node.peers().map(peerFact);
  }

  /** Since it was looked at last. */
  #loadSince(): Pick<NodeFact, 'cpu' | 'loop'> {
    const before = this.#since;
    const now = usageNow(this.#node);
    if (now.at - before.at < LEAST_LOAD_MS) return this.#load;
    this.#since = now;
    this.#load = {
      cpu: inThousandths((now.usedMs - before.usedMs) / (now.at - before.at)),
      loop: inThousandths((now.busyMs - before.busyMs) / Math.max(1, now.loopMs - before.loopMs)),
    };
    return this.#load;
  }
}

/** What a Node.js process has used of processor and event loop until a time. */
interface Usage {
  readonly at: number;
  readonly usedMs: number;
  /** How long the event loop was not idle, and how long it has run. */
  readonly busyMs: number;
  readonly loopMs: number;
}

function usageNow({ now, eventLoop }: Pick<LocalNode, 'now' | 'eventLoop'>): Usage {
  const { user, system } = process.cpuUsage();
  const { active, idle } = eventLoop();
  return { at: now(), usedMs: (user + system) / 1000, busyMs: active, loopMs: active + idle };
}

function inThousandths(part: number): number {
  return Math.round(1000 * part) / 1000;
}

function peerFact({ node, incarnation, state, suspect }: PeerView): PeerFact {
  return { node, incarnation, state, suspect };
}

function scopeFact(scope: string, running: LocalScope): ScopeFact {
  const { keys, table, last, followers, syncedAt } = running;
  return {
    scope,
    keys,
    entries: table.count,
    local: table.countLocal,
    last,
    followers,
    syncedAt,
    streams: running.positions().slice(0, MOST_STREAMS),
  };
}
