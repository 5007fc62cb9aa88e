/** Counts the memory that is taken for what is read, and what it weighs. */
export interface HeapCounter {
  /** Counts so many bytes, and what they weigh. @throws HeapLimitError, WeightLimitError if it is more than may be */
  charge(heapBytes: number, weight?: number): void;
}
