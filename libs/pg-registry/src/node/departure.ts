import type { Connection } from '../transport';
import { withTimeout } from '../lifetime';
import type { NodeParts } from './node-parts';

/** How much longer than the protocol's own limit a drain waits for its end: the connection may be lost meanwhile. */
const DRAIN_GRACE_MS = 500;
/** How long the broker may take for the goodbye. */
const HANG_UP_MS = 1000;

/**
 * How a node leaves in order, so that nobody's call fails because of it:
 *
 *     drain    peers stop picking this node and say so ─► other calls are answered with a refusal, after which another
 *              member may be asked ─► calls in flight finish ─► processes end, entries leave
 *     goodbye  scopes stop ─► the root process ends ─► pending frames, goodbye, flush, close
 *
 * Outgoing calls work until the goodbye.
 */
export class Departure {
  #acknowledged = false;

  readonly #parts: NodeParts;

  constructor(parts: NodeParts) {
    this.#parts = parts;
  }

  /** Every peer has acknowledged that this node drains, or had the time to. */
  acknowledged(): void {
    this.#acknowledged = true;
  }

  /** @param timeoutMs How long calls in flight may take. */
  async drain(connection: Connection | undefined, timeoutMs: number): Promise<void> {
    const { protocol, driver, clock, calls, scopes, processes, service, options, waits } = this.#parts;
    driver.run(protocol.drain(clock.now()));
    if (connection !== undefined) {
      const limitMs = options.protocol.drainAckMs + DRAIN_GRACE_MS;
      await waits
        .until(
          () => this.#acknowledged,
          limitMs,
          () => new Error('no receipts'),
        )
        .catch(() => undefined);
    }
    // What a peer sent before its receipt has arrived before it. The inbox stays: a call that the broker has already handed
    // to a subscription that ends would only time out.
    calls.refuse();
    await this.#idle(timeoutMs);
    processes.exitChildren('shutdown');
    scopes.leaveAll();
    await service.settled();
  }

  /** Observers complete without leave events, monitors elsewhere hear why processes ended; the goodbye is the last word. */
  async goodbye(): Promise<void> {
    const { protocol, driver, clock, scopes, processes, service } = this.#parts;
    scopes.stopAll();
    processes.exitAll('shutdown');
    await service.settled();
    driver.run(protocol.goodbye(clock.now()));
  }

  /** Not connected, or the broker is frozen: nobody hears the goodbye then, and the peers see a crash instead. */
  async hangUp(connection: Connection): Promise<void> {
    const { clock, log } = this.#parts;
    await withTimeout(connection.flush(), HANG_UP_MS, clock).catch(() => false);
    await connection.close().catch((error: unknown) => log.error('Closing the connection failed', error));
  }

  async #idle(timeoutMs: number): Promise<void> {
    const { calls, clock, log } = this.#parts;
    if (await withTimeout(calls.mailboxes.idle(), timeoutMs, clock)) return;
    log.warn(
      `${calls.mailboxes.inFlight} calls were still being handled ${timeoutMs} ms into the drain; their callers get an error.`,
    );
  }
}
