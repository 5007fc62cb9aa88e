import { Injectable } from '@nestjs/common';
import {
  InjectRegistry,
  NodeDownError,
  type Pid,
  PgRegistryService,
  ProcessExitedError,
  ProcessService,
} from 'nestjs-pg-registry';
import type { Segment } from './segments';
import { addCounts, type WordCounts } from './words';

/** What the coordinator tells while it works. */
export interface Spectator {
  /** A worker came or went; `members` are left now. */
  membership(change: 'join' | 'leave', node: string, members: number): void;
  /** `done` of `total` segments are counted. */
  progress(done: number, total: number): void;
}

/** Two calls in flight keep a worker busy while an answer travels. */
const CALLS_PER_WORKER = 2;
const CALL_TIMEOUT_MS = 30_000;

/** Shares segments out over whatever workers the registry shows, and gives a lost worker's segments to the others. */
@Injectable()
export class Coordinator {
  constructor(
    @InjectRegistry('workers') private readonly workers: PgRegistryService,
    private readonly processes: ProcessService,
  ) {}

  /** Resolves when `count` workers are registered; rejects with `onTimeout()` after `timeoutMs`. */
  async workersReady(count: number, timeoutMs: number, onTimeout: () => Error): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(onTimeout()), timeoutMs);
      const subscription = this.workers.watch('count').subscribe((entries) => {
        if (entries.length < count) return;
        clearTimeout(timer);
        resolve();
        // The first notification comes inside `subscribe`, before there is a subscription to end.
        queueMicrotask(() => subscription.unsubscribe());
      });
    });
  }

  /**
   * Counts every segment exactly once. A segment whose worker is lost goes back into the queue: its answer never arrived,
   * so nothing is counted twice. Rejects if no worker is left, or if a worker answers with an error of its own.
   */
  async count(segments: readonly Segment[], spectator: Spectator): Promise<WordCounts> {
    const round = new Round(segments, spectator, (pid, segment) =>
      this.processes.call(pid, 'countSegment', segment, { timeoutMs: CALL_TIMEOUT_MS }),
    );
    const subscription = this.workers.monitor('count').subscribe((event) => {
      if (event.type === 'snapshot') for (const { pid } of event.entries) round.employ(pid);
      else if (event.type !== 'update') {
        for (const { pid } of event.entries) {
          spectator.membership(event.type, pid.node, this.workers.members('count').length);
          if (event.type === 'join') round.employ(pid);
          else round.dismiss(pid);
        }
      }
    });
    try {
      return await round.finished;
    } finally {
      subscription.unsubscribe();
    }
  }
}

/** The sharing out of one list of segments. */
class Round {
  readonly finished: Promise<WordCounts>;
  readonly #queue: Segment[];
  readonly #workers = new Set<Pid>();
  readonly #counts: WordCounts = new Map();
  #done = 0;
  #resolve!: (counts: WordCounts) => void;
  #reject!: (error: unknown) => void;

  constructor(
    private readonly segments: readonly Segment[],
    private readonly spectator: Spectator,
    private readonly call: (pid: Pid, segment: Segment) => Promise<ReadonlyMap<string, number>>,
  ) {
    this.#queue = [...segments];
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  employ(pid: Pid): void {
    this.#workers.add(pid);
    for (let i = 0; i < CALLS_PER_WORKER; i++) void this.#work(pid);
  }

  /** A worker is gone, and its segments are back in the queue: the others may have gone idle meanwhile. */
  dismiss(pid: Pid): void {
    this.#workers.delete(pid);
    if (this.#workers.size === 0) return this.#reject(new Error('No worker is left.'));
    for (const other of this.#workers) void this.#work(other);
  }

  async #work(pid: Pid): Promise<void> {
    while (this.#workers.has(pid)) {
      const segment = this.#queue.pop();
      if (segment === undefined) return;
      try {
        this.#add(await this.call(pid, segment));
      } catch (error) {
        this.#queue.push(segment);
        if (error instanceof NodeDownError || error instanceof ProcessExitedError) return this.dismiss(pid);
        return this.#reject(error);
      }
    }
  }

  #add(counts: ReadonlyMap<string, number>): void {
    addCounts(this.#counts, counts);
    this.#done += 1;
    this.spectator.progress(this.#done, this.segments.length);
    if (this.#done === this.segments.length) this.#resolve(this.#counts);
  }
}
