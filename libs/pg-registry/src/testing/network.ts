import type { LocalBus } from '../transport/local';

/** Applies faults to a bus, and knows which nodes can still talk to each other. */
export class Network {
  readonly #crashed = new Set<string>();
  readonly #disconnected = new Set<string>();
  readonly #paused = new Set<string>();
  readonly #cuts = new Set<string>();

  constructor(readonly bus: LocalBus) {}

  /** Whether messages pass between two nodes, random losses aside. */
  canTalk(a: string, b: string): boolean {
    const silent = [this.#crashed, this.#disconnected, this.#paused];
    if (silent.some((nodes) => nodes.has(a) || nodes.has(b))) return false;
    return !this.#cuts.has(pair(a, b));
  }

  cut(a: string, b: string): void {
    this.#cuts.add(pair(a, b));
    this.bus.cut(a, b);
  }

  heal(a?: string, b?: string): void {
    if (a === undefined || b === undefined) this.#cuts.clear();
    else this.#cuts.delete(pair(a, b));
    this.bus.heal(a, b);
  }

  crash(node: string): void {
    this.#crashed.add(node);
    this.bus.crash(node);
  }

  /** Forgets the crash of a node, because a new one of that name is about to start. */
  revive(node: string): void {
    this.#crashed.delete(node);
  }

  disconnect(node: string): void {
    this.#disconnected.add(node);
    this.bus.disconnect(node);
  }

  reconnect(node: string): void {
    this.#disconnected.delete(node);
    this.bus.reconnect(node);
  }

  pause(node: string): void {
    this.#paused.add(node);
    this.bus.pause(node);
  }

  resume(node: string): void {
    this.#paused.delete(node);
    this.bus.resume(node);
  }

  /** Ends every fault except crashes. */
  endFaults(): void {
    this.heal();
    this.bus.lose({ rate: 0, seed: 0 });
    for (const node of this.#paused) this.resume(node);
    for (const node of this.#disconnected) this.reconnect(node);
  }
}

function pair(a: string, b: string): string {
  return JSON.stringify([a, b].toSorted());
}
