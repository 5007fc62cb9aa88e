import { maxFrameBytesFor, type ProtocolOptions } from '../cluster';
import type { EffectiveLimits, ValueLimits } from '../term';
import { FRAME_OVERHEAD_BYTES } from '../wire';

/** What a frame with one entry needs besides key and value, with room to spare. */
export const ENTRY_OVERHEAD_BYTES = 1024;

/** Limits that fall and rise with what the broker takes. */
type PresentLimits = { -readonly [K in keyof EffectiveLimits]: EffectiveLimits[K] };

/**
 * How large keys, values and messages of this node may be at present: what the options say, or less where the broker's largest message
 * is smaller. So what can be registered can also travel, and what cannot travel is refused at once.
 *
 * The limits are read with each write and each call: their holders keep these objects.
 */
export class SizeLimits {
  /** Of keys and values that are registered: key and value fit into one frame together. */
  readonly entries: EffectiveLimits;
  /** Of what travels in a call, cast or message: it has a frame of its own. */
  readonly messages: EffectiveLimits;
  /** Of the body of a frame, in bytes. */
  maxBodyBytes: number;
  /** Why messages cannot be larger, as part of a sentence. */
  limitedBy = '';
  readonly #entries: PresentLimits;
  readonly #messages: PresentLimits;
  readonly #options: ValueLimits;
  readonly #protocol: ProtocolOptions;

  constructor(options: ValueLimits, protocol: ProtocolOptions) {
    this.#options = options;
    this.#protocol = protocol;
    this.entries = this.#entries = { ...options };
    this.messages = this.#messages = { ...options };
    this.maxBodyBytes = 0;
    this.limit(Infinity);
  }

  /** @param maxPayload The broker's largest message, in bytes; Infinity: not known yet. */
  limit(maxPayload: number): void {
    const frameBytes = maxFrameBytesFor(this.#protocol.maxFrameBytes, maxPayload);
    const isBroker = frameBytes < this.#protocol.maxFrameBytes;
    const limitedBy = isBroker
      ? `because the broker takes messages of at most ${maxPayload} bytes (max_payload)`
      : `because a message has at most maxFrameBytes = ${frameBytes} bytes`;
    this.maxBodyBytes = frameBytes - FRAME_OVERHEAD_BYTES;
    this.#messages.maxValueBytes = this.maxBodyBytes;
    this.limitedBy = this.#messages.limitedBy = limitedBy;
    const { maxKeyBytes, maxValueBytes } = this.#options;
    const room = frameBytes - ENTRY_OVERHEAD_BYTES;
    const isEnough = maxKeyBytes + maxValueBytes <= room;
    this.#entries.maxKeyBytes = isEnough ? maxKeyBytes : Math.min(maxKeyBytes, Math.floor(room / 4));
    this.#entries.maxValueBytes = Math.min(maxValueBytes, room - this.#entries.maxKeyBytes);
    this.#entries.limitedBy = isEnough ? undefined : limitedBy;
  }
}
