import type { Session } from '../session';
import type { Settings } from '../settings';
import { PageClient } from './page-client';
import { PageFacts } from './page-facts';

/** The page asks nodes several times for some answers. */
const TIMES_AS_LONG = 10;

/** Asks the page at `--url`. Nothing is sent yet, and nothing is left open. */
export function openPageSession(url: URL, settings: Settings, signal: AbortSignal): Session {
  const { headers, tls, timeoutMs } = settings;
  const page = new PageClient({ url, headers, tls, signal, timeoutMs: timeoutMs * TIMES_AS_LONG });
  return {
    facts: new PageFacts(page),
    complaints: [],
    server: url.href,
    isPage: true,
    close: () => Promise.resolve(),
  };
}
