import type { Diff } from '../table';
import type { Effect, ProbeOutcome } from '../cluster';
import type { Sender } from '../wire';
import { assemble, type PeerProtocolParameters } from './protocol-parts';
import { ProtocolReads } from './protocol-reads';
import type { ScopeStart } from '../replication';

/** What a message takes of the server's `max_payload` beside the frame, with room to spare. */
const SUBJECT_AND_HEADER_BYTES = 4096;

/**
 * The whole peer protocol of one node as one object without I/O: node/ drives it with a connection and timers, the
 * simulator with a virtual network and virtual time. It has reads, commands, inputs, and what the last two return: a list
 * of effects, to be run in order. After every command and input one timer is set anew, for `nextDeadline()`.
 *
 *     ready ── drain ──► draining ── goodbye ──► left          fenced: a namesake with a higher epoch answered
 *       └──────────────── goodbye ────────────────┘            left and fenced say nothing and hear nothing any more
 *
 * `now` is a monotonic clock in milliseconds; an earlier time than before is not followed. A call that comes more than
 * `stallMs` after a deadline tells that this node itself stood still. Nothing here throws because of what a peer sent.
 */
export class PeerProtocol extends ProtocolReads {
  #waits = 0;
  /** Kept, because whoever drives this asks after every command and input; nothing else moves it. */
  #deadline = Infinity;
  /** The deadline that was promised to be met. */
  #expectedAt = Infinity;

  /** @throws InvalidOptionError naming the option that is wrong */
  constructor(parameters: PeerProtocolParameters) {
    super(assemble(parameters, (by) => this.#fence(by)));
  }

  /** When `tick` is due; Infinity: never. Not in the future: as soon as the current turn of the event loop ends. O(1). */
  nextDeadline(): number {
    return this.#deadline;
  }

  // Commands

  /** Sets the clock. Scopes may be started and written to before the first connection. */
  start(now: number): Effect[] {
    return this.#do(now, () => undefined);
  }

  /** Starts a scope that does not run; its run is higher than any before. */
  startScope(start: ScopeStart, now: number): Effect[] {
    return this.#do(now, () => this.parts.streams.start(start));
  }

  /** Stops a scope; peers drop its entries. Nothing if it does not run. */
  stopScope(scope: string, now: number): Effect[] {
    return this.#do(now, () => this.parts.streams.stop(scope));
  }

  /**
   * Numbers a write in a scope that no peer follows: then nothing is sent and no deadline moves, so neither effects nor timer
   * are to be looked at. Measured: register and unregister take half the time that they take by {@link write}.
   *
   * @returns False if somebody follows: nothing was done then, `write` it.
   * @throws ScopeNotRunningError
   */
  writeUnfollowed(scope: string, diff: Diff): boolean {
    return this.isOver || this.parts.streams.replicatorOf(scope).writeUnfollowed(diff);
  }

  /** Replicates what a write changed in the scope's table. @throws ScopeNotRunningError */
  write(scope: string, diff: Diff, now: number): Effect[] {
    return this.#do(now, () => this.parts.streams.write(scope, diff));
  }

  /** Waits until the peers of now have applied all that was written; ends in one `replicated` effect with the id. */
  replicated(scope: string, timeoutMs: number, now: number): { id: number; effects: Effect[] } {
    const id = (this.#waits += 1);
    return { id, effects: this.#do(now, () => this.parts.streams.replicated(scope, id, timeoutMs)) };
  }

  /** Announces that this node will leave; ends in one `drained` effect. Once; a second call does nothing. */
  drain(now: number): Effect[] {
    return this.#do(now, () => {
      if (this.currentState !== 'ready') return;
      this.currentState = 'draining';
      this.parts.membership.draining = true;
      this.parts.membership.changed();
      this.parts.drain.begin(this.parts.membership.peers.values());
    });
  }

  /** Sends what is pending and leaves; whoever runs this then flushes the connection. Nothing is said afterwards. */
  goodbye(now: number): Effect[] {
    return this.#do(now, () => {
      this.parts.streams.flush();
      this.parts.endpoint.announce('goodbye');
      this.parts.endpoint.maySpeak = false;
      this.currentState = 'left';
    });
  }

  /** A reason to probe a node, never more: a call to it got no responders, or its server says that its connection closed. */
  hint(node: string, now: number): Effect[] {
    return this.#do(now, () => this.parts.liveness.hint(node));
  }

  // Inputs

  /**
   * The connection is there, for the first time or again.
   *
   * @param serverId Names the server's process: another one after its restart
   * @param maxPayload Bytes that the server takes in one message
   */
  connected(serverId: string, now: number, maxPayload = Infinity): Effect[] {
    return this.#do(now, () => {
      const { endpoint, router, liveness, streams, flushes, nameGuard, onlooker, membership, settling } =
        this.parts;
      if (endpoint.maySpeak) this.#cutOff(); // a client may not tell of every disconnect
      endpoint.maxFrameBytes = Math.min(
        endpoint.options.maxFrameBytes,
        maxPayload - SUBJECT_AND_HEADER_BYTES,
      );
      endpoint.maySpeak = true;
      router.subscribe();
      liveness.connected(serverId.slice(0, 128));
      streams.connected();
      flushes.after(() => {
        streams.subscribed();
        nameGuard.check();
        onlooker.connected();
        membership.discover();
        settling.begin();
      });
    });
  }

  /** The connection is gone. What was asked is void, and all peers are suspects. */
  disconnected(now: number): Effect[] {
    return this.#do(now, () => this.#cutOff());
  }

  /** The flush of a `flush` effect is done. An id of before a disconnect is ignored. */
  flushed(id: number, now: number): Effect[] {
    return this.#do(now, () => this.parts.flushes.done(id));
  }

  /** A message came on a subscription. Never throws because of it. */
  receive(subject: string, bytes: Uint8Array, reply: string, now: number): Effect[] {
    return this.#do(now, () => this.parts.router.receive(subject, bytes, reply));
  }

  /** A probe has ended. One that is void by now is ignored. */
  probeResult(id: number, outcome: ProbeOutcome, now: number): Effect[] {
    return this.#do(now, () => {
      const { probes, router, onlooker, nameGuard, liveness } = this.parts;
      const probe = probes.take(id);
      if (probe === undefined) return;
      const answer = outcome.type === 'answer' ? router.probeAnswered(probe, outcome) : undefined;
      // What answered on the target's address, but is none of its frames, is neither an answer nor silence.
      if (this.isOver || (outcome.type === 'answer' && answer === undefined)) return;
      if (probe.purpose.of === 'nobody') onlooker.ended(outcome.type);
      else if (probe.purpose.of === 'own-name') nameGuard.checkEnded(outcome.type);
      else liveness.probeEnded(probe, outcome.type, answer?.serverId ?? '');
    });
  }

  /** The deadline has come. */
  tick(now: number): Effect[] {
    return this.#do(now, () => {
      const { streams, membership, liveness, onlooker, drain, settling } = this.parts;
      for (const part of [streams, membership, liveness, onlooker, drain, settling]) part.tick();
    });
  }

  #do(now: number, act: () => void): Effect[] {
    if (this.isOver) return [];
    const { endpoint, liveness, membership } = this.parts;
    endpoint.advance(now);
    const stalled = endpoint.maySpeak && endpoint.now - this.#expectedAt > endpoint.options.stallMs;
    if (stalled) {
      endpoint.count('own-stalls');
      liveness.stalled(); // before the call itself: it may be a time-out that overtook its answer in the stalled queue
    }
    act();
    // After it: a write has changed its table already, and a digest in between would fit no number of the stream.
    if (stalled && endpoint.maySpeak) membership.discover();
    // Who calls now stands still no longer, however long the deadlines have been over: one stall is one stall.
    this.#deadline = this.soonestDeadline();
    this.#expectedAt = Math.max(this.#deadline, endpoint.now);
    return endpoint.takeEffects();
  }

  #cutOff(): void {
    const { endpoint, flushes, streams, liveness, membership, nameGuard, onlooker, settling } = this.parts;
    endpoint.maySpeak = false;
    const parts = [flushes, streams, liveness, membership, nameGuard, onlooker, settling];
    for (const part of parts) part.disconnected();
  }

  #fence(by: Sender): void {
    if (this.isOver) return;
    this.currentState = 'fenced';
    this.parts.endpoint.silence();
    const { node, incarnation, epoch } = by;
    this.parts.endpoint.emit({ type: 'fenced', by: { node, incarnation, epoch } });
  }
}
