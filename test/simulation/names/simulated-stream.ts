import type {
  LeaseReadOutcome,
  LeaseWrite,
  LeaseWriteOutcome,
} from '../../../libs/pg-registry/src/names/lease-store';
import type { SimulatedStore } from './simulated-store';

/** A read asks for the life of the store, too, unless that was asked for less than this ago: as the store over JetStream does. */
const LIFE_COUNTS_MS = 1000;

/** What a node knows of the life of the store: `'always'`, what it is; `'when-asked'`, what it was when the node asked last. */
export type LifeKnown = 'always' | 'when-asked';

/** How messages travel between one node and the store. */
export interface Ways {
  readonly now: () => number;
  /** Sends a message to the store: `arrives` is called there, later or never. */
  readonly toStore: (arrives: () => void) => void;
  /** Sends a message to the node. */
  readonly toNode: (arrives: () => void) => void;
  /** Whether the node can be reached at this moment. */
  readonly isConnected: () => boolean;
  /** Lets something wait in a queue of the store. */
  readonly queued: (step: () => void) => void;
}

/** What {@link SimulatedStream} is given. */
export interface SimulatedStreamDeps {
  readonly store: SimulatedStore;
  readonly ways: Ways;
  readonly lifeKnown: LifeKnown;
  /** Called when a write has come to the store, and before that makes or refuses it. */
  readonly onHeard: (write: LeaseWrite) => void;
  /** False: a claim trusts the life that was seen last, so that a history can show what the question behind each claim prevents. */
  readonly isLifeChecked: boolean;
}

type Takes<T> = (outcome: T) => void;

/** One node's view of the store, as the store over JetStream has it: which life of the store it believes to talk to, and how it makes sure. */
export class SimulatedStream {
  readonly #deps: SimulatedStreamDeps;
  #life: { readonly epoch: number; readonly askedAt: number } | undefined;
  /** The highest revision that was seen of the life. */
  #revision = 0;

  constructor(deps: SimulatedStreamDeps) {
    this.#deps = deps;
  }

  /** The life of the store that the node believes to talk to; undefined: it does not know. */
  get epoch(): number | undefined {
    return this.#life?.epoch;
  }

  /** What is known of the life does not count any more. */
  doubt(): void {
    if (this.#deps.lifeKnown === 'when-asked') this.#life = undefined;
  }

  /** Reads a record. @param answer Called at most once, when everything that it needs has arrived */
  read(name: string, answer: Takes<LeaseReadOutcome>): void {
    const { ways, store, lifeKnown } = this.#deps;
    let found: LeaseReadOutcome | undefined;
    let epoch =
      this.#life && ways.now() - this.#life.askedAt <= LIFE_COUNTS_MS ? this.#life.epoch : undefined;
    const arrived = (): void => {
      if (found === undefined || !ways.isConnected()) return;
      if (lifeKnown === 'always') return answer(found);
      if (epoch === undefined || !('epoch' in found)) return;
      if (found.type === 'found') this.#isHigher(found.revision, false);
      answer({ ...found, epoch });
    };
    const get = (): void => {
      const outcome = store.read(name);
      ways.toNode(() => {
        found = outcome;
        arrived();
      });
    };
    if (lifeKnown === 'always' || epoch !== undefined) return ways.toStore(get);
    // The question about the life first, right before the read.
    const askedAt = ways.now();
    ways.toStore(() => {
      const { epoch: life } = store;
      ways.toNode(() => {
        this.#learn(life, askedAt);
        epoch = life;
        arrived();
      });
      ways.queued(get);
    });
  }

  /** Writes a record. @param answer Called at most once */
  write(write: LeaseWrite, answer: Takes<LeaseWriteOutcome>): void {
    const { store, lifeKnown } = this.#deps;
    if (lifeKnown === 'always') {
      if (!write.certainEpoch) return this.#writeAware(write, answer);
      this.#life ??= { epoch: store.epoch, askedAt: 0 };
    }
    if (this.#life === undefined) this.#ask((epoch) => this.#put(write, epoch, answer));
    else this.#put(write, this.#life.epoch, answer);
  }

  #writeAware(write: LeaseWrite, answer: Takes<LeaseWriteOutcome>): void {
    const { ways, store } = this.#deps;
    ways.toStore(() => {
      this.#deps.onHeard(write);
      const outcome = store.write(write);
      ways.toNode(() => {
        if (ways.isConnected()) answer(outcome);
      });
    });
  }

  /**
   * The store gets a write, and behind it a question about its life. It makes the write a moment later, in a queue of its own that ends with that
   * life, and answers the question before or after that.
   */
  #put(write: LeaseWrite, before: number, answer: Takes<LeaseWriteOutcome>): void {
    const { ways, store } = this.#deps;
    const askedAt = ways.now();
    let written: LeaseWriteOutcome | undefined;
    let life: number | undefined;
    const arrived = (): void => {
      if (written === undefined || (write.certainEpoch && life === undefined)) return;
      if (life !== undefined) this.#learn(life, askedAt);
      if (ways.isConnected()) this.#judge(written, before, life, answer);
    };
    ways.toStore(() => {
      this.#deps.onHeard(write);
      const { epoch } = store;
      ways.queued(() => {
        if (store.epoch !== epoch) return;
        const outcome = store.write(write);
        ways.toNode(() => {
          written = outcome;
          arrived();
        });
      });
      if (!write.certainEpoch) return;
      ways.queued(() => {
        const { epoch: now } = store;
        ways.toNode(() => {
          life = now;
          arrived();
        });
      });
    });
  }

  /** @param life What was asked for behind the write; undefined: nothing was */
  #judge(
    written: LeaseWriteOutcome,
    before: number,
    life: number | undefined,
    answer: Takes<LeaseWriteOutcome>,
  ): void {
    if (written.type !== 'written') return answer(written);
    const settle = (epoch: number): void => {
      if (epoch === before || !this.#deps.isLifeChecked) answer({ ...written, epoch: before });
      else answer({ type: 'unknown', reason: 'made anew meanwhile' });
    };
    if (this.#deps.lifeKnown === 'always') return settle(life ?? before);
    // A new revision that this life has had before: it must be another life.
    if (!this.#isHigher(written.revision, !written.repeated)) return this.#ask(settle);
    settle(life ?? before);
  }

  #ask(then: Takes<number>): void {
    const { ways, store } = this.#deps;
    const askedAt = ways.now();
    ways.toStore(() => {
      const { epoch } = store;
      ways.toNode(() => {
        this.#learn(epoch, askedAt);
        if (ways.isConnected()) then(epoch);
      });
    });
  }

  #learn(epoch: number, askedAt: number): void {
    if (this.#life !== undefined && epoch < this.#life.epoch) return; // of a question that was asked before
    if (this.#life?.epoch !== epoch) this.#revision = 0;
    this.#life = { epoch, askedAt };
  }

  #isHigher(revision: number, isNew: boolean): boolean {
    if (revision > this.#revision) this.#revision = revision;
    else if (isNew) return false;
    return true;
  }
}
