/** Counts the memory that is taken for what is read. */
export interface HeapCounter {
  /** Counts so many bytes. @throws HeapLimitError if it is more than may be */
  charge(heapBytes: number): void;
}
