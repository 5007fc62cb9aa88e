/** So many values may wait for the streams of one node, all together. */
export const MOST_WAITING_OF_NODE = 262_144;
/** They may take so many bytes in memory, as `HEAP_BYTES` estimates them. */
export const MOST_WAITING_BYTES = 67_108_864;

/** The values that wait because the callers of one node take them more slowly than they come. */
export interface StreamBacklog {
  /** How many there are, over all streams of the node. */
  waiting: number;
  /** What they take in memory, in bytes: an upper estimate. */
  bytes: number;
}

interface Shared extends StreamBacklog {
  streams: number;
}

/** What waits for each node: one that asks for thousands of streams and takes none of their values must not fill this one. */
export class StreamBacklogs {
  readonly #byNode = new Map<string, Shared>();

  /** Nodes for which there are streams. */
  get size(): number {
    return this.#byNode.size;
  }

  /** Begins a stream to a node. */
  begin(node: string): StreamBacklog {
    let shared = this.#byNode.get(node);
    if (shared === undefined) this.#byNode.set(node, (shared = { waiting: 0, bytes: 0, streams: 0 }));
    shared.streams += 1;
    return shared;
  }

  /** A stream to a node is over; nothing of it waits any more. */
  end(node: string): void {
    const shared = this.#byNode.get(node);
    if (shared === undefined) return;
    shared.streams -= 1;
    if (shared.streams === 0) this.#byNode.delete(node);
  }
}
