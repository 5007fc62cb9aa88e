import { Reader, Writer } from '../../wire';
import type { Endpoint } from '../endpoint';

/** Why a name was probed. */
export type ProbePurpose =
  /** Whether a peer lives. `ring`: this node asks as its watcher on the ring. */
  | { readonly of: 'peer'; readonly incarnation: string; readonly ring: boolean }
  /** Whether another node answers on this node's name. */
  | { readonly of: 'own-name' }
  /** Whether a name that nobody has gets "no responders", as it should. */
  | { readonly of: 'nobody' };

/** A request to `alive.<target>` under way. */
export interface Probe {
  readonly target: string;
  readonly purpose: ProbePurpose;
  readonly sentAt: number;
}

const MAX_OUTSTANDING = 8192;
const MAX_SERVER_ID_BYTES = 128;
const BITS_32 = 2 ** 32;

/** The body of an answer to a probe: the server that the answerer is attached to. */
export function encodeProbeAnswer(serverId: string): Uint8Array {
  const writer = new Writer();
  writer.string(serverId);
  return writer.finish();
}

/** @throws DecodeError on anything that {@link encodeProbeAnswer} cannot have written */
export function decodeProbeAnswer(body: Uint8Array): string {
  const reader = new Reader(body);
  const serverId = reader.string(MAX_SERVER_ID_BYTES);
  reader.end();
  return serverId;
}

/**
 * The probes under way. A probe's token begins with the own incarnation, so that two nodes with one name, which share
 * their reply addresses, do not take each other's answers.
 */
export class Probes {
  readonly #outstanding = new Map<number, Probe>();
  #nextId = 1;

  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** Sends a probe; nothing while this node must not speak. */
  ask(target: string, purpose: ProbePurpose): void {
    const endpoint = this.#endpoint;
    if (!endpoint.maySpeak) return;
    if (this.#outstanding.size >= MAX_OUTSTANDING) {
      endpoint.warn('probes-unanswered', 'The transport does not report how probes end; no more are sent.');
      return;
    }
    const id = this.#nextId++;
    this.#outstanding.set(id, { target, purpose, sentAt: endpoint.now });
    endpoint.count('probes');
    endpoint.emit({
      type: 'probe',
      id,
      subject: endpoint.subjects.alive(target),
      reply: endpoint.subjects.reply(target, this.#token(id)),
      bytes: endpoint.frame('alive'),
      timeoutMs: endpoint.options.probeTimeoutMs,
    });
  }

  /** A probe under way; `undefined` if it is void, or has ended. */
  get(id: number): Probe | undefined {
    return this.#outstanding.get(id);
  }

  /** A probe has ended. */
  end(id: number): void {
    this.#outstanding.delete(id);
  }

  /** Has 64 random bits, so that nobody but the target knows the address of the answer. */
  #token(id: number): string {
    const { incarnation, random } = this.#endpoint;
    const [high, low] = [Math.floor(random() * BITS_32), Math.floor(random() * BITS_32)];
    return `${incarnation}-${id.toString(36)}-${high.toString(36)}-${low.toString(36)}`;
  }

  /** After a stall or a disconnect answers may wait unread behind the timers, so the end of these probes proves nothing. */
  voidAll(): void {
    this.#outstanding.clear();
  }
}
