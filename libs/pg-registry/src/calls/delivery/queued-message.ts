import type { HandlerSpan } from '../call-tracer';
import { HandlerContext } from '../handler-context';
import type { Cancellable, HandlerOutcome, Message, OutcomeReceiver } from '../message';
import type { PeerLoad } from '../peer-load';
import type { ListedMessage } from './message-list';
import { type CallChain, type ChainLink, type ChainMark, extended } from './call-chain';

/** Where a message waits or is handled. */
export interface MessageHolder {
  /** Whether it hands out one message at a time. */
  readonly isSerial: boolean;
  /** What stands for its process in the chain of a call. */
  link(delivery: number): ChainLink;
  /** Nobody waits any more for what becomes of a message. */
  cancel(queued: QueuedMessage, reason: Error): void;
}

/** A message that was handed to a mailbox. Its receiver gets the outcome exactly once. */
export class QueuedMessage implements Cancellable, ChainMark, ListedMessage<QueuedMessage> {
  readonly message: Message;
  readonly context: HandlerContext;
  /** Of the run of its handler, if that is recorded. */
  span: HandlerSpan | undefined;
  /** Of the peer that it came from, if from one: what it takes here is counted there. */
  readonly load: PeerLoad | undefined;
  /** What it took on its way. */
  readonly bytes: number;
  /** Counted by the mailbox when the handler begins. */
  delivery = 0;
  list: object | undefined;
  before: QueuedMessage | undefined;
  after: QueuedMessage | undefined;
  /** Where it waits or is handled; undefined if the process has none. */
  mailbox: MessageHolder | undefined;
  #receiver: OutcomeReceiver | undefined;

  /** @param mailbox Undefined if the process has none. */
  constructor(
    message: Message,
    receiver: OutcomeReceiver,
    mailbox: MessageHolder | undefined,
    load: PeerLoad | undefined,
    bytes: number,
  ) {
    this.message = message;
    this.context = new HandlerContext(message);
    this.load = load;
    this.bytes = bytes;
    this.#receiver = receiver;
    this.mailbox = mailbox;
  }

  /** What waits for the message, and its process, unless that handles several at a time. */
  get chain(): CallChain | undefined {
    const { chain } = this.message;
    return this.mailbox?.isSerial === true ? extended(chain, this.mailbox.link(this.delivery)) : chain;
  }

  /** Hands the outcome to the receiver; only the first one counts. */
  settle(outcome: HandlerOutcome): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.settled(outcome);
  }

  cancel(reason: Error): void {
    this.mailbox?.cancel(this, reason);
  }
}
