import {
  type LeaseReadOutcome,
  type LeaseWrite,
  type LeaseWriteOutcome,
  REPEAT_MS,
} from '../../../libs/pg-registry/src/names/lease-store';

interface Stored {
  readonly record: Uint8Array;
  readonly revision: number;
  /** Of the write that made it. */
  readonly id: string;
}

/** What a write changes, for whoever checks it. */
export interface StoreChange {
  readonly name: string;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array;
  readonly revision: number;
}

/** A store on the time of a simulation, which can be made anew and set back. */
export class SimulatedStore {
  epoch: number;
  #revision = 0;
  #records = new Map<string, Stored>();
  #recent = new Map<string, { readonly revision: number; readonly at: number }>();
  #copy: { readonly revision: number; readonly records: Map<string, Stored> } | undefined;
  readonly #now: () => number;
  readonly #onChange: (change: StoreChange) => void;

  constructor(now: () => number, onChange: (change: StoreChange) => void) {
    this.#now = now;
    this.#onChange = onChange;
    this.epoch = this.#epochNow();
  }

  read(name: string): LeaseReadOutcome {
    const stored = this.#records.get(name);
    if (stored === undefined) return { type: 'absent', epoch: this.epoch };
    return { type: 'found', ...stored, epoch: this.epoch };
  }

  write({ name, record, after, id }: LeaseWrite): LeaseWriteOutcome {
    const earlier = this.#recent.get(id);
    if (earlier !== undefined && this.#now() - earlier.at <= REPEAT_MS)
      return { type: 'written', revision: earlier.revision, epoch: this.epoch, repeated: true };
    const before = this.#records.get(name);
    if ((typeof after === 'string' ? before?.id : (before?.revision ?? 0)) !== after)
      return { type: 'refused' };
    this.#revision += 1;
    this.#records.set(name, { record, revision: this.#revision, id });
    this.#recent.set(id, { revision: this.#revision, at: this.#now() });
    this.#onChange({ name, before: before?.record, after: record, revision: this.#revision });
    return { type: 'written', revision: this.#revision, epoch: this.epoch, repeated: false };
  }

  /** The records as they are, by name. */
  get records(): ReadonlyMap<string, Stored> {
    return this.#records;
  }

  /** Makes it anew: nothing is left, and revisions begin at 1. */
  remake(): void {
    this.#revision = 0;
    this.#records = new Map();
    this.#recent = new Map();
    this.epoch = this.#epochNow();
  }

  /** Makes a copy, to which {@link restore} goes back. */
  backUp(): void {
    this.#copy = { revision: this.#revision, records: new Map(this.#records) };
  }

  /** Goes back to the copy. @returns False if there is none */
  restore(): boolean {
    if (this.#copy === undefined) return false;
    this.#revision = this.#copy.revision;
    this.#records = new Map(this.#copy.records);
    this.#recent = new Map();
    return true;
  }

  #epochNow(): number {
    return Math.floor((1_700_000_000_000 + this.#now()) * 1000);
  }
}
