const POLL_MS = 10;
/** Far more than anything takes: a test that passes does not wait for it, and the machine may be busy. */
const LONG_MS = 30_000;

/**
 * Waits until `condition` holds: returns something truthy, or stops throwing (`undefined` from a function of assertions is
 * taken as success). Tests never sleep for a fixed time; they say what they wait for.
 *
 * @returns What `condition` returned.
 * @throws After `timeoutMs` (default 30 s), saying what the condition said last.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = LONG_MS }: { readonly timeoutMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
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
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${outcome}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
