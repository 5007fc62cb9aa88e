/** What a hostile node asks another one for, all at once, and again when all of it has ended. */
export interface Flood {
  readonly title: string;
  readonly node: string;
  readonly pattern: 'one' | 'many';
  readonly calls: number;
  /** How many values each call is answered with. */
  readonly values: number;
  /** How large each of them is. */
  readonly bytes: number;
}

/** What a node went through since it was asked last. */
export interface Suffered {
  readonly node: string;
  /** The longest turn of its event loop, in ms of its thread's processor time. */
  readonly longestTurnMs: number;
  /** The slowest of its own calls to the other nodes. */
  readonly slowestCallMs: number;
  readonly failed: number;
  /** Why the latest of them failed; empty: none did. */
  readonly failure: string;
  readonly congestions: number;
  readonly megabytes: number;
}

const TO_B = { node: 'b', values: 1 } as const;

/** Each is what was too much for a node once. */
export const FLOODS: readonly Flood[] = [
  { ...TO_B, title: '2,000 calls for 500 KB each', pattern: 'one', calls: 2000, bytes: 500_000 },
  { ...TO_B, title: '5,000 calls for 9 KB each', pattern: 'one', calls: 5000, bytes: 9000 },
  {
    ...TO_B,
    title: '2,000 streams of 25 MB each',
    pattern: 'many',
    calls: 2000,
    values: 250,
    bytes: 100_000,
  },
  {
    ...TO_B,
    title: '200 streams of 300,000 values each',
    pattern: 'many',
    calls: 200,
    values: 300_000,
    bytes: 12,
  },
];
