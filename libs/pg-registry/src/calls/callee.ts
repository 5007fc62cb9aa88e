import { DecodeError } from '../wire';
import { normalValue, PgRegistryError, ValueTooLargeError, type Pid, type Value } from '../term';
import type { NodeIdentity } from './call-channel';
import { cancelled, timedOut } from './call-context';
import {
  decodeCancel,
  decodeRequest,
  encodeReply,
  requestToken,
  type ReplyBody,
  type RequestBody,
} from './call-frames';
import type { CallsSurroundings } from './calls-surroundings';
import type { Answer, Message } from './delivery';
import { formOfError } from './error-form';
import type { Cancel, Mailboxes } from './mailboxes';

/** Where an answer goes, and to which question. */
interface Asker {
  readonly node: string;
  /** The reply address that came with the question. */
  readonly address: string;
  readonly token: number;
}

/** The answering side towards other nodes: requests in, answers out. */
export class Callee {
  /** New calls are answered with `draining`; casts and messages, which nobody could send elsewhere, are still taken. */
  refusing = false;
  /** How to cancel what is asked, by the caller's incarnation and token. */
  readonly #serving = new Map<string, Map<number, Cancel>>();

  readonly #surroundings: CallsSurroundings;
  readonly #mailboxes: Mailboxes;

  constructor(surroundings: CallsSurroundings, mailboxes: Mailboxes) {
    this.#surroundings = surroundings;
    this.#mailboxes = mailboxes;
  }

  /** Calls of other nodes that are not answered yet. */
  get serving(): number {
    let count = 0;
    for (const calls of this.#serving.values()) count += calls.size;
    return count;
  }

  /** Takes a `call` frame. @throws DecodeError after having answered, if there is somebody to answer */
  call(from: NodeIdentity, bytes: Uint8Array, address: string): void {
    const body = this.#decodeCall(from, bytes, address);
    const { token, incarnation } = body;
    const asker = { node: from.node, address, token };
    if (incarnation !== this.#surroundings.incarnation) return this.#reply(asker, { token, type: 'stale' });
    if (this.refusing) return this.#reply(asker, { token, type: 'draining' });
    const calls = this.#callsOf(from.incarnation);
    if (calls.has(token)) return;
    // Put there first: the answer may come before deliver() returns.
    calls.set(token, () => undefined);
    const message = this.#message(from, body);
    const cancel = this.#mailboxes.deliver(this.#target(body), message, (answer) => {
      if (this.#take(from.incarnation, token) !== undefined) this.#answer(asker, answer, message);
    });
    if (calls.has(token)) calls.set(token, cancel);
  }

  /** Takes a `cast` frame. @throws DecodeError */
  cast(from: NodeIdentity, bytes: Uint8Array): void {
    const body = decodeRequest(bytes, this.#surroundings);
    const message = this.#message(from, body);
    const { onWarning, incarnation } = this.#surroundings;
    if (body.kind === 'call') throw new DecodeError('A call in a frame for casts.');
    if (body.incarnation === incarnation) this.#mailboxes.tell(this.#target(body), message, onWarning);
    else
      onWarning(
        'undelivered',
        `A ${body.kind} from ${from.node} was for an earlier incarnation of this node.`,
      );
  }

  /** Takes a `cancel` frame. @throws DecodeError */
  cancel(from: NodeIdentity, bytes: Uint8Array): void {
    const { token, cause, message } = decodeCancel(bytes);
    this.#take(from.incarnation, token)?.(cause === 'timed-out' ? timedOut() : cancelled(message));
  }

  /** A node is gone; nobody waits for its answers. */
  nodeLost({ node, incarnation }: NodeIdentity): void {
    const calls = this.#serving.get(incarnation);
    this.#serving.delete(incarnation);
    for (const cancel of calls?.values() ?? []) cancel(cancelled(`The caller's node '${node}' was lost.`));
  }

  #decodeCall({ node }: NodeIdentity, bytes: Uint8Array, address: string): RequestBody {
    if (address === '') throw new DecodeError('A call without an address for its answer.');
    try {
      const body = decodeRequest(bytes, this.#surroundings);
      if (body.kind !== 'call') throw new DecodeError('No call in a frame for calls.');
      return body;
    } catch (error) {
      // What cannot be read to its end, because this node takes less than the sender's, say, is still to be answered.
      const why = new ValueTooLargeError(
        'The payload is no value, or larger or deeper than its receiver accepts.',
      );
      this.#replyError({ node, address, token: requestToken(bytes) }, why, false);
      throw error;
    }
  }

  #message(
    from: NodeIdentity,
    { kind, name, payload, callerId, headers, trace, remainingMs }: RequestBody,
  ): Message {
    const { pids, timers } = this.#surroundings;
    const caller = pids.intern(from.node, from.incarnation, callerId);
    const deadline = remainingMs === 0 ? Infinity : timers.now() + remainingMs;
    return { kind, name, payload, caller, headers, trace, deadline };
  }

  #target({ id }: RequestBody): Pid {
    const { pids, node, incarnation } = this.#surroundings;
    return pids.intern(node, incarnation, id);
  }

  #callsOf(incarnation: string): Map<number, Cancel> {
    let calls = this.#serving.get(incarnation);
    if (calls === undefined) this.#serving.set(incarnation, (calls = new Map()));
    return calls;
  }

  #take(incarnation: string, token: number): Cancel | undefined {
    const calls = this.#serving.get(incarnation);
    const cancel = calls?.get(token);
    calls?.delete(token);
    if (calls?.size === 0) this.#serving.delete(incarnation);
    return cancel;
  }

  #answer(asker: Asker, answer: Answer, { name }: Message): void {
    const { token } = asker;
    if (answer.type === 'error') return this.#replyError(asker, answer.error, answer.executed);
    try {
      this.#reply(asker, { token, type: 'result', value: this.#normal(answer.value) });
    } catch (error) {
      const why =
        error instanceof PgRegistryError
          ? error
          : new ValueTooLargeError(`The result of '${name}' cannot travel.`);
      this.#replyError(asker, why, true);
    }
  }

  #replyError({ node, address, token }: Asker, error: unknown, executed: boolean): void {
    const { remoteStacks = false, channel } = this.#surroundings;
    const form = formOfError(error, { stack: remoteStacks, normalize: (value) => this.#normal(value) });
    const body = encodeReply({ token, type: 'error', executed, error: form });
    const fits = body.length <= channel.maxBodyBytes;
    channel.reply(
      address,
      node,
      fits ? body : encodeReply({ token, type: 'error', executed, error: { ...form, fields: {} } }),
    );
  }

  /** @throws ValueTooLargeError */
  #reply({ address, node }: Asker, body: ReplyBody): void {
    const { channel } = this.#surroundings;
    const bytes = encodeReply(body);
    if (bytes.length <= channel.maxBodyBytes) return channel.reply(address, node, bytes);
    throw new ValueTooLargeError(
      `The result takes ${bytes.length} bytes; a frame has ${channel.maxBodyBytes}.`,
    );
  }

  #normal(value: unknown): Value {
    const { limits, pids } = this.#surroundings;
    return normalValue(value, limits, pids);
  }
}
