/** Something that whoever runs the benchmarks can put right: it is shown as its message, without a stack. */
export class BenchError extends Error {
  override readonly name = 'BenchError';

  /** @param status What the process ends with; 1 is taken: it says that a comparison found something worse */
  constructor(
    message: string,
    readonly status = 2,
  ) {
    super(message);
  }
}
