/** What a cluster has to do. All figures are of the whole cluster. */
export interface Load {
  readonly nodes: number;
  /** Entries of all nodes together, evenly spread, besides the one of each node's own provider. */
  readonly entries: number;
  /** Writes per second, each by another node. */
  readonly writes: number;
  /** Calls per second, each from a node to a process of another one. */
  readonly calls: number;
  /** Bytes of a value, and of what a call asks and is answered. */
  readonly bytes: number;
}

/** What a load costs. Traffic and time are per second; bytes are those on the wire, the protocol of NATS included. */
export interface Cost {
  /** Of one node, on average. Memory that is in use after a garbage collection: V8's heap and what is outside of it. */
  readonly memoryBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Milliseconds of processor time. */
  readonly cpuMs: number;
  /** Messages that the broker gets, and those that it passes on. */
  readonly brokerMessagesIn: number;
  readonly brokerMessagesOut: number;
  /** Milliseconds of the broker's processor time. */
  readonly brokerCpuMs: number;
  readonly brokerMemoryBytes: number;
}

/** How a point was measured. */
export type Kind =
  /** Each node a process of the operating system with a Nest application, all behind one nats-server. */
  | 'real'
  /** One such process; its peers are nodes in one other process, which hear only this one. */
  | 'crowd'
  /** The library's protocol on a virtual clock; messages and bytes are counted. */
  | 'simulated';

/** A load, and what of its cost was measured. */
export interface Point {
  readonly kind: Kind;
  readonly load: Load;
  readonly cost: Partial<Cost>;
  /**
   * What the operating system had given a process, on average, in bytes. It depends on what ran before, because V8 keeps room that it had once,
   * so no formula says it.
   */
  readonly residentBytes?: number;
}

/** The name of a node: as long as the default one, of host, process id and some random characters. */
export function nameOf(index: number): string {
  return `app-7f9c6d-${String(index).padStart(4, '0')}-k3x9q`;
}

/** A value of so many bytes, another one for each number. */
export function valueOf(bytes: number, number: number): string {
  return String(number).padEnd(bytes, 'v').slice(0, bytes);
}
