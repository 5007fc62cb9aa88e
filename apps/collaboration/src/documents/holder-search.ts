const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1000;

/** How long a session waits before it looks for its document again: longer each time, up to a second, and never as long as the others. */
export function searchPauseMs(attempt: number, random: number): number {
  const pause = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
  return pause * (0.5 + random / 2);
}
