import { FIXED_SEED, type HashSeed } from './hash/hash-seed';
import { Pid } from './pid';

/** Below this a sweep is not worth its walk. */
const SMALLEST_SWEEP = 1024;
/** How many pids a sweep looks at for each one that is added: a million at once would stall the node. */
const LOOKS_EACH = 4;
/** So many pids at most are held although nobody else may use them; a power of two. */
const RECENT = 64;

/** By the token of their number. */
type PidsOfIncarnation = Map<number | string, WeakRef<Pid>>;

/**
 * Makes the same process the same {@link Pid} object on one node, while it is referenced.
 *
 * One per node, never shared: two nodes in one operating-system process keep apart. It holds pids weakly, but for a few recent ones, and
 * sweeps collected ones by itself whenever it has doubled since the last sweep, a few with each pid that is added:
 * so a call costs O(1), and the memory follows the number of pids that are still in use.
 */
export class PidInterner {
  readonly #nodes = new Map<string, Map<string, PidsOfIncarnation>>();
  /** Those that were asked for last, by the lowest bits of their numbers: to look into a WeakRef is a call into V8's runtime. */
  readonly #recent: (Pid | undefined)[] = Array.from({ length: RECENT }, () => undefined);
  readonly #seed: HashSeed;
  #size = 0;
  #sweepAt = SMALLEST_SWEEP;
  /** The sweep that is under way. */
  #sweep: Generator<void> | undefined;

  /** @param seed Of the node: peers choose the numbers of their processes. */
  constructor(seed: HashSeed = FIXED_SEED) {
    this.#seed = seed;
  }

  /** Number of pids remembered, those included that were collected since the last sweep. */
  get size(): number {
    return this.#size;
  }

  /**
   * The one Pid of this process.
   *
   * @throws InvalidArgumentError when the parts make no Pid.
   */
  intern(node: string, incarnation: string, id: number): Pid {
    return this.#find(node, incarnation, id) ?? this.#add(new Pid(node, incarnation, id));
  }

  /** The one Pid of the process that `pid` names: an earlier one if there is, else `pid` itself. */
  internPid(pid: Pid): Pid {
    return this.#find(pid.node, pid.incarnation, pid.id) ?? this.#add(pid);
  }

  /** Forgets all pids that were collected, at once: one look at every pid. Nobody needs to call it. */
  sweep(): void {
    this.#sweep = undefined; // two at a time would remove each other's new tables
    const sweep = this.#sweeping();
    while (sweep.next().done !== true);
  }

  /** Looks at one pid after the other. Pids that are added meanwhile come last. */
  *#sweeping(): Generator<void> {
    for (const [node, incarnations] of this.#nodes) {
      for (const [incarnation, pids] of incarnations) {
        for (const [token, ref] of pids) {
          if (ref.deref() === undefined) {
            pids.delete(token);
            this.#size -= 1;
          }
          yield;
        }
        if (pids.size === 0) incarnations.delete(incarnation);
      }
      if (incarnations.size === 0) this.#nodes.delete(node);
    }
    this.#sweepAt = Math.max(SMALLEST_SWEEP, this.#size * 2);
  }

  #sweepOn(): void {
    if (this.#sweep === undefined && this.#size < this.#sweepAt) return;
    this.#sweep ??= this.#sweeping();
    for (let look = 0; look < LOOKS_EACH; look += 1) {
      if (this.#sweep.next().done === true) {
        this.#sweep = undefined;
        return;
      }
    }
  }

  #find(node: string, incarnation: string, id: number): Pid | undefined {
    const place = id & (RECENT - 1);
    const recent = this.#recent[place];
    if (recent?.id === id && recent.incarnation === incarnation && recent.node === node) return recent;
    const found = this.#nodes.get(node)?.get(incarnation)?.get(this.#seed.tokenOf(id))?.deref();
    if (found !== undefined) this.#recent[place] = found;
    return found;
  }

  #add(pid: Pid): Pid {
    this.#sweepOn();
    const pids = this.#pidsOf(pid);
    const before = pids.size;
    pids.set(this.#seed.tokenOf(pid.id), new WeakRef(pid));
    this.#size += pids.size - before;
    return pid;
  }

  #pidsOf(pid: Pid): PidsOfIncarnation {
    let incarnations = this.#nodes.get(pid.node);
    if (incarnations === undefined) this.#nodes.set(pid.node, (incarnations = new Map()));
    let pids = incarnations.get(pid.incarnation);
    if (pids === undefined) incarnations.set(pid.incarnation, (pids = new Map()));
    return pids;
  }
}
