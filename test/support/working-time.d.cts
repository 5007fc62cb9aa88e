/** See working-time.cjs. */
export declare class WorkingTime {
  constructor(cores: number);
  readonly ms: number;
  add(elapsedMs: number, load: number): void;
  toString(): string;
}
