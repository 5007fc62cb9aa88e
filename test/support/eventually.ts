const POLL_MS = 10;
/** Far more than anything takes: a test that passes does not wait for it, and the machine may be busy. */
const LONG_MS = 30_000;

/**
 * Waits until `condition` holds: returns something truthy, or stops throwing (`undefined` from a function of assertions is
 * taken as success). Tests never sleep for a fixed time; they say what they wait for.
 *
 * @param options.timeoutMs Default 30 s.
 * @param options.progress For what takes as long as there is much of it, on a busy machine: how far it has come. Each time that it is higher than
 *   ever before, `timeoutMs` begins anew, so it must have an end.
 * @returns What `condition` returned.
 * @throws After `timeoutMs`, saying what the condition said last.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = LONG_MS, progress }: { readonly timeoutMs?: number; readonly progress?: () => number } = {},
): Promise<T> {
  let deadline = performance.now() + timeoutMs;
  let furthest = progress?.() ?? 0;
  for (;;) {
    let outcome: string;
    try {
      const result = await condition();
      if (result === undefined || Boolean(result)) return result;
      outcome = `the condition was ${String(result)}`;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      outcome = error.message;
    }
    const reached = progress?.() ?? furthest;
    if (reached > furthest) {
      furthest = reached;
      deadline = performance.now() + timeoutMs;
    }
    if (performance.now() > deadline) {
      const since = progress === undefined ? 'Not' : `No progress beyond ${furthest}`;
      throw new Error(`${since} within ${timeoutMs} ms: ${outcome}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
