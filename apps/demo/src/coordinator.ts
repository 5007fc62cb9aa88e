import { Injectable } from '@nestjs/common';
import {
  InjectRegistry,
  NodeDownError,
  type Pid,
  PgRegistryService,
  ProcessExitedError,
  ProcessService,
} from 'nestjs-pg-registry';
import { filter, firstValueFrom, type Subscription, timeout } from 'rxjs';
import { DemoError } from './demo-error';
import type { Segment } from './segments';
import { addCounts, type WordCounts } from './words';

/** A worker that came or went, and how many `members` there are now. */
export interface MembershipChange {
  readonly type: 'join' | 'leave';
  readonly node: string;
  readonly members: number;
}

/** With two calls in flight, a worker stays busy while an answer travels. */
const CALLS_PER_WORKER = 2;
const CALL_TIMEOUT_MS = 30_000;

/** Distributes segments over the workers in the registry, and gives a lost worker's segments to the others. */
@Injectable()
export class Coordinator {
  readonly #workers: PgRegistryService;
  readonly #processes: ProcessService;

  constructor(@InjectRegistry('workers') workers: PgRegistryService, processes: ProcessService) {
    this.#workers = workers;
    this.#processes = processes;
  }

  /** Reports every worker that is there, comes or goes, until it is unsubscribed. */
  follow(onChange: (change: MembershipChange) => void): Subscription {
    let members = 0;
    return this.#workers.monitor('count').subscribe((event) => {
      if (event.type === 'update') return;
      const type = event.type === 'leave' ? 'leave' : 'join';
      for (const { pid } of event.entries) {
        members += type === 'join' ? 1 : -1;
        onChange({ type, node: pid.node, members });
      }
    });
  }

  /** Resolves as soon as `wanted` returns true for the nodes that have a worker. Rejects with TimeoutError after `timeoutMs`. */
  async workersAre(wanted: (nodes: readonly string[]) => boolean, timeoutMs: number): Promise<void> {
    const nodes = this.#workers
      .watch('count')
      .pipe(filter((entries) => wanted(entries.map(({ pid }) => pid.node))));
    await firstValueFrom(nodes.pipe(timeout({ first: timeoutMs })));
  }

  /**
   * Counts every segment exactly once. A segment whose worker is lost goes back into the queue: its answer never arrived,
   * so nothing is counted twice. Rejects if no worker is left, or if a worker answers with an error.
   *
   * @param onProgress Called after each segment with the number of counted segments.
   */
  async count(segments: readonly Segment[], onProgress: (done: number) => void): Promise<WordCounts> {
    const round = new Round(segments, onProgress, (pid, segment) =>
      this.#processes.call(pid, 'countSegment', segment, { timeoutMs: CALL_TIMEOUT_MS }),
    );
    const subscription = this.#workers.monitor('count').subscribe((event) => {
      if (event.type === 'update') return;
      for (const { pid } of event.entries) {
        if (event.type === 'leave') round.removeWorker(pid);
        else round.addWorker(pid);
      }
    });
    try {
      return await round.finished;
    } finally {
      subscription.unsubscribe();
    }
  }
}

/** Distributes one list of segments over the workers. */
class Round {
  readonly finished: Promise<WordCounts>;
  readonly #queue: Segment[];
  readonly #workers = new Set<Pid>();
  readonly #counts: WordCounts = new Map();
  #done = 0;
  #resolve!: (counts: WordCounts) => void;
  #reject!: (error: unknown) => void;

  readonly #segments: readonly Segment[];
  readonly #onProgress: (done: number) => void;
  readonly #call: (pid: Pid, segment: Segment) => Promise<ReadonlyMap<string, number>>;

  constructor(
    segments: readonly Segment[],
    onProgress: (done: number) => void,
    call: (pid: Pid, segment: Segment) => Promise<ReadonlyMap<string, number>>,
  ) {
    this.#segments = segments;
    this.#onProgress = onProgress;
    this.#call = call;

    this.#queue = [...segments];
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  addWorker(pid: Pid): void {
    this.#workers.add(pid);
    for (let i = 0; i < CALLS_PER_WORKER; i += 1) void this.#work(pid);
  }

  /** Removes a lost worker. Its segments return to the queue one by one, so the others have to look again each time. */
  removeWorker(pid: Pid): void {
    this.#workers.delete(pid);
    if (this.#workers.size === 0) return this.#reject(new DemoError('No worker is left.'));
    for (const other of this.#workers) void this.#work(other);
  }

  async #work(pid: Pid): Promise<void> {
    while (this.#workers.has(pid)) {
      const segment = this.#queue.pop();
      if (segment === undefined) return;
      try {
        this.#add(await this.#call(pid, segment));
      } catch (error) {
        this.#queue.push(segment);
        // Race: the calls in flight may report the loss before the registry's leave event does.
        if (error instanceof NodeDownError || error instanceof ProcessExitedError)
          return this.removeWorker(pid);
        return this.#reject(error);
      }
    }
  }

  #add(counts: ReadonlyMap<string, number>): void {
    addCounts(this.#counts, counts);
    this.#done += 1;
    this.#onProgress(this.#done);
    if (this.#done === this.#segments.length) this.#resolve(this.#counts);
  }
}
