import { type FrameKind, OWN_VERSIONS, permissionsOf, Subjects } from '../../libs/pg-registry/src/wire';
import type { Sender } from '../../libs/pg-registry/src/wire/frame';
import type { SeededRandom } from '../support/seeded-random';
import { SubjectPattern } from '../support/virtual-network/subject-pattern';
import { encodeForged } from './forged-frames';
import { senderOf } from './refused-frames';
import { NAMESPACE, SCOPE_NAMES, type SimulatedNode } from './simulated-node';

/** How a node must treat a frame of the adversary. */
export type Expectation =
  /** It must be refused and counted. */
  | 'must-be-refused'
  /** It may be refused or not. */
  | 'may-be-refused';

/** Kinds that are broadcast to every node. */
export const ANNOUNCED: readonly FrameKind[] = ['hello', 'suspect', 'goodbye'];

/** Sends the frames of a hostile peer beside those of its own node. */
export class HostileSender {
  /** How each of its frames must be treated, by the frame's bytes. Frames of honest nodes are not listed. */
  readonly expectations = new WeakMap<Uint8Array, Expectation>();
  readonly subjects: Subjects;
  readonly #allowed: readonly SubjectPattern[];
  readonly #random: SeededRandom;
  #node: SimulatedNode | undefined;
  /** Publishes past what the adversary does to the frames of its node. */
  #publishAll: SimulatedNode['client']['publish'] = () => undefined;

  constructor(
    readonly name: string,
    random: SeededRandom,
  ) {
    this.#random = random;
    this.subjects = new Subjects(NAMESPACE, name);
    this.#allowed = permissionsOf(NAMESPACE, name).publish.allow.map((text) => new SubjectPattern(text));
  }

  /** Its node, while that runs. */
  get node(): SimulatedNode | undefined {
    return this.#node?.running === true ? this.#node : undefined;
  }

  /** The present life of its node. */
  get identity(): Sender {
    const { incarnation, protocol } = this.#node!;
    return { node: this.name, incarnation, epoch: protocol.epoch };
  }

  /** Sends over the connection of a node from now on. */
  takeOver(node: SimulatedNode): void {
    this.#node = node;
    this.#publishAll = node.client.publish.bind(node.client);
  }

  /** Runs something a few times, so many virtual milliseconds apart: all at once with 0. */
  repeat(times: number, gapMs: number, act: (time: number) => void): void {
    for (let time = 0; time < times; time += 1) {
      if (gapMs === 0) act(time);
      else this.#node!.loop.setTimer(time * gapMs, () => act(time));
    }
  }

  /** Sends a bundle, or an order to end a process, in its own name. */
  item(victim: string, kind: 'bundle' | 'exit', body: Uint8Array): void {
    const frame = { ...this.identity, version: 2, kind, versions: OWN_VERSIONS };
    this.publish(this.subjects.to(victim, kind), encodeForged(frame, body), 'may-be-refused');
  }

  /** Sends a frame in its own name: broadcast if its kind is, otherwise to one node. */
  send(victim: string, kind: FrameKind, body: Uint8Array): void {
    if (kind === 'ops') return this.sendAs(this.subjects.ops(this.#random.pick(SCOPE_NAMES)), kind, body);
    const isAnnounced = ANNOUNCED.includes(kind) && (kind !== 'hello' || this.#random.chance(0.5));
    this.sendAs(isAnnounced ? this.subjects.announce(kind) : this.subjects.to(victim, kind), kind, body);
  }

  /** Sends a frame on a subject, in its own name or as somebody else. */
  sendAs(subject: string, kind: FrameKind, body: Uint8Array, sender = this.identity): void {
    const versions = { min: 1, max: 1 };
    const bytes = encodeForged({ ...sender, version: 1, kind, versions }, body);
    this.publish(subject, bytes, 'may-be-refused');
  }

  /** Sends any bytes. @throws Error if a server that enforced the permissions would not let them pass on a subject of its own */
  publish(subject: string, bytes: Uint8Array, expectation: Expectation, reply = ''): void {
    if (this.node === undefined) return;
    const isAllowed = this.#allowed.some((pattern) => pattern.matches(subject));
    if (!isAllowed && senderOf(subject) === this.name)
      throw new Error(`${subject} should be allowed to ${this.name}`);
    this.expectations.set(bytes, expectation);
    this.#publishAll(subject, bytes, reply);
  }
}
