import { quoteText } from '../term';
import type { ErrorForm } from './frames/call-frames';
import type { ReceivedFrame } from './frames/call-channel';

/** How much of one peer's messages and watches this node holds at most. Options of the node. */
export interface CallLimits {
  /** How many calls, casts and messages of one peer may wait or be handled here at a time. Default 10,000. */
  readonly maxCallsPerPeer: number;
  /** How many bytes these may take in memory, all together, or on their way if that is more. Default 64 MB; of a node a quarter of V8's heap. */
  readonly maxCallBytesPerPeer: number;
  /** How many processes of this node one peer may watch. Default 100,000. */
  readonly maxWatchesPerPeer: number;
}

/** The defaults of {@link CallLimits}. */
export const DEFAULT_CALL_LIMITS: CallLimits = Object.freeze({
  maxCallsPerPeer: 10_000,
  maxCallBytesPerPeer: 64 * 1024 * 1024,
  maxWatchesPerPeer: 100_000,
});

/** Nodes that are no peers share one load: they may be as many as they like. */
const STRANGERS = '';
/** Loads beyond this many are looked through for those that hold nothing. */
const MANY_LOADS = 1000;

/** The messages of one peer that wait in mailboxes here or are being handled, also those whose caller waits no longer. */
export class PeerLoad {
  messages = 0;
  bytes = 0;
  /** What handlers returned to calls of it and waits for a turn of the event loop. */
  waitingReplies = 0;
}

/** Bounds what peers can make this node hold. Counted by the name of the node, which a life of it cannot choose. */
export class PeerLoads {
  readonly #byNode = new Map<string, PeerLoad>();
  #sweepAt = MANY_LOADS;
  readonly #node: string;
  readonly #limits: CallLimits;

  constructor(node: string, limits: CallLimits) {
    this.#node = node;
    this.#limits = limits;
  }

  /** Returns the load of the node that a message of so many bytes came from; undefined if it holds too much already. */
  admit({ from, isFromPeer }: ReceivedFrame, bytes: number): PeerLoad | undefined {
    const node = isFromPeer ? from.node : STRANGERS;
    let load = this.#byNode.get(node);
    if (load === undefined) this.#byNode.set(node, (load = this.#newLoad()));
    const { maxCallsPerPeer, maxCallBytesPerPeer } = this.#limits;
    const isTooMuch = load.messages >= maxCallsPerPeer || load.bytes + bytes > maxCallBytesPerPeer;
    return isTooMuch && load.messages > 0 ? undefined : load;
  }

  /** Returns what the caller of a message that was not admitted is told. Not an error: making its stack would cost more than the call. */
  refusal(): ErrorForm {
    const { maxCallsPerPeer, maxCallBytesPerPeer } = this.#limits;
    return {
      ownClass: true,
      name: 'MailboxFullError',
      code: 'MAILBOX_FULL',
      message:
        `Node ${quoteText(this.#node)} takes at most ${maxCallsPerPeer} messages and ${maxCallBytesPerPeer} bytes of one node ` +
        'at a time (its options maxCallsPerPeer and maxCallBytesPerPeer). Nothing was executed.',
      fields: {},
      stack: '',
    };
  }

  #newLoad(): PeerLoad {
    if (this.#byNode.size >= this.#sweepAt) {
      for (const [node, { messages }] of this.#byNode) if (messages === 0) this.#byNode.delete(node);
      this.#sweepAt = Math.max(MANY_LOADS, 2 * this.#byNode.size);
    }
    return new PeerLoad();
  }
}
