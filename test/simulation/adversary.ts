import { incarnationOf, permissionsOf, Subjects, type FrameKind } from '../../libs/pg-registry/src/wire';
import type { SeededRandom } from '../support/seeded-random';
import { envelopeOf, hugeBodies, lies, type Overheard, REPLAYABLE, seal } from './forged-frames';
import { matchesSubject } from '../support/virtual-network/link';
import { NAMESPACE, SCOPE_NAMES, type SimulatedNode } from './simulated-node';

/** What a hostile peer may do; each is drawn as a action of its own. */
export const ATTACKS = [
  'noise',
  'truncated',
  'mutated',
  'misnamed',
  'replayed',
  'huge',
  'lies',
  'flood',
  'reborn',
] as const;
export type Attack = (typeof ATTACKS)[number];

/** What a node must make of a frame. */
export type Mark =
  /** It can only be refused, and that must be counted. */
  | 'refusable'
  /** It may be anything. */
  | 'dubious';

/** Kinds that every node hears from anybody, each with a counter for what is refused. */
const ANNOUNCED: readonly FrameKind[] = ['hello', 'suspect', 'goodbye'];
const INBOX: readonly FrameKind[] = ['hello', 'discover', 'stale', 'drain', 'sync', 'repair', 'applied'];
const MOST_OVERHEARD = 400;

/**
 * A peer that has been taken over. It takes part as any other, through the production code, and beside that says what it
 * likes: as itself whatever its permissions let pass (the template of `permissionsOf`, checked here as a server would), and,
 * as if there were no permissions, bytes that are no frames and words of others again that they once said. What it cannot do
 * is make up a frame in the name of another on that one's subject: against that only permissions help, and nothing is promised.
 */
export class Adversary {
  /** What every frame of it is, by its bytes; other frames are faithful. */
  readonly marks = new WeakMap<Uint8Array, Mark>();
  readonly #overheard: Overheard[] = [];
  readonly #allowed: readonly (readonly string[])[];
  readonly #subjects: Subjects;
  #node: SimulatedNode | undefined;

  readonly #random: SeededRandom;

  constructor(
    readonly name: string,
    random: SeededRandom,
  ) {
    this.#random = random;

    this.#subjects = new Subjects(NAMESPACE, name);
    this.#allowed = permissionsOf(NAMESPACE, name).publish.allow.map((pattern) => pattern.split('.'));
  }

  get node(): SimulatedNode | undefined {
    return this.#node?.running === true ? this.#node : undefined;
  }

  /** Takes over a node, and hears from now on what it hears and says. */
  takeOver(node: SimulatedNode): void {
    this.#node = node;
    const { client } = node;
    const publish = client.publish.bind(client);
    client.publish = (subject, bytes, reply) => {
      this.#remember({ subject, bytes });
      publish(subject, bytes, reply);
    };
    client.subscribe(`pgr.${NAMESPACE}.from.>`, (subject, bytes) => this.#remember({ subject, bytes }));
  }

  /** @param isOver Whether an incarnation has ended, so that all of its words may be said again */
  attack(how: Attack, victim: string, isOver: (incarnation: string) => boolean): void {
    const random = this.#random;
    switch (how) {
      case 'noise':
        return this.#noise(victim);
      case 'truncated':
        return this.#withOverheard(({ subject, bytes }) =>
          this.#say(subject, bytes.slice(0, random.below(bytes.length)), 'dubious'),
        );
      case 'mutated':
        return this.#withOverheard((frame) => this.#mutated(frame, victim));
      case 'misnamed':
        return this.#withOverheard((frame) => this.#misnamed(frame, victim));
      case 'replayed':
        return this.#withOverheard(({ subject, bytes }) => {
          const { kind, incarnation } = envelopeOf(bytes);
          if (REPLAYABLE.has(kind) || isOver(incarnation)) this.#say(subject, bytes.slice(), 'dubious');
        });
      case 'huge':
        for (const { kind, body } of hugeBodies(random)) this.#tell(victim, kind, body);
        return;
      case 'lies':
        for (const { kind, body } of lies(random, this.#someIncarnation(), this.#epoch))
          this.#tell(victim, kind, body);
        return;
      case 'flood': {
        const tame = ATTACKS.filter((attack) => attack !== 'flood' && attack !== 'reborn');
        const often = random.pick(tame);
        for (let times = 10 + random.below(90); times > 0; times -= 1)
          this.attack(random.chance(0.8) ? often : random.pick(tame), victim, isOver);
        return;
      }
      case 'reborn':
        return; // Its process is started anew by the cluster.
    }
  }

  /** Bytes that are no frame, wherever somebody listens. */
  #noise(victim: string): void {
    const random = this.#random;
    const bytes = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
    bytes[0] = 0; // no frame begins so
    const speaker = random.chance(0.5) ? this.#subjects : new Subjects(NAMESPACE, victim);
    const reply = random.chance(0.5) ? '' : this.#subjects.reply(victim, 'x');
    this.#say(this.#somewhere(speaker, victim), bytes, 'refusable', reply);
  }

  /** A real frame, some bytes of it changed, as our own: its body goes as deep as any. */
  #mutated({ subject, bytes }: Overheard, victim: string): void {
    const random = this.#random;
    const { kind, body } = envelopeOf(bytes);
    const changed = body.slice();
    for (let changes = random.below(4); changes > 0 && changed.length > 0; changes -= 1)
      changed[random.below(changed.length)] = random.below(256);
    const scope = subject.split('.')[5];
    if (kind === 'ops') return this.#as(this.#subjects.ops(scope ?? 's'), kind, changed);
    this.#tell(victim, kind, changed);
  }

  /** A real frame as if it were ours, words of our own as the incarnation of another, or of another kind than their subject. */
  #misnamed({ bytes }: Overheard, victim: string): void {
    const random = this.#random;
    const frame = envelopeOf(bytes);
    if (frame.node === this.name) return;
    const kind = random.pick(ANNOUNCED);
    const subject = this.#subjects.announce(kind);
    const versions = { min: 1, max: 1 };
    const body = kind === frame.kind ? frame.body : new Uint8Array(0);
    this.#say(subject, bytes.slice(), 'refusable');
    this.#say(subject, seal({ ...frame, versions, kind, node: this.name }, body), 'refusable');
    this.#say(subject, seal({ ...frame, ...this.#identity, versions, kind: 'drain' }, body), 'refusable');
    // "Send your answer to where the victim waits for somebody else's."
    const question = seal({ ...frame, ...this.#identity, kind: 'alive' }, new Uint8Array(0));
    const elsewhere = new Subjects(NAMESPACE, victim).reply('a', 'x');
    this.#say(this.#subjects.alive(victim), question, 'refusable', elsewhere);
  }

  get #identity(): { node: string; incarnation: string; epoch: number } {
    return { node: this.name, incarnation: this.#node!.incarnation, epoch: this.#epoch };
  }

  get #epoch(): number {
    return this.#node!.protocol.epoch;
  }

  /** Says something as itself: to everybody if it is said so, else to one. */
  #tell(victim: string, kind: FrameKind, body: Uint8Array): void {
    if (kind === 'ops') return this.#as(this.#subjects.ops(this.#random.pick(SCOPE_NAMES)), kind, body);
    const isAnnounced = ANNOUNCED.includes(kind) && (kind !== 'hello' || this.#random.chance(0.5));
    this.#as(isAnnounced ? this.#subjects.announce(kind) : this.#subjects.to(victim, kind), kind, body);
  }

  #as(subject: string, kind: FrameKind, body: Uint8Array): void {
    const versions = { min: 1, max: 1 };
    this.#say(subject, seal({ ...this.#identity, version: 1, kind, versions }, body), 'dubious');
  }

  #say(subject: string, bytes: Uint8Array, mark: Mark, reply = ''): void {
    const { node } = this;
    if (node === undefined) return;
    const tokens = subject.split('.');
    const isAllowed = this.#allowed.some((pattern) => matchesSubject(pattern, tokens));
    const speaker = tokens[2] === 'from' ? tokens[3] : tokens.at(-1);
    if (!isAllowed && speaker === this.name) throw new Error(`${subject} should be allowed to ${this.name}`);
    this.marks.set(bytes, mark);
    node.client.publish(subject, bytes, reply);
  }

  #somewhere(speaker: Subjects, victim: string): string {
    const random = this.#random;
    return random.weighted<() => string>([
      [2, () => speaker.announce(random.pick(ANNOUNCED))],
      [4, () => speaker.to(victim, random.pick(INBOX))],
      [1, () => speaker.alive(victim)],
    ])();
  }

  #someIncarnation(): string {
    const frame = this.#overheard.length > 0 ? this.#random.pick(this.#overheard) : undefined;
    return frame === undefined ? incarnationOf(this.name, 1) : envelopeOf(frame.bytes).incarnation;
  }

  #withOverheard(act: (frame: Overheard) => void): void {
    if (this.#overheard.length > 0) act(this.#random.pick(this.#overheard));
  }

  #remember(frame: Overheard): void {
    if (this.marks.has(frame.bytes)) return;
    if (this.#overheard.length < MOST_OVERHEARD) this.#overheard.push(frame);
    else this.#overheard[this.#random.below(MOST_OVERHEARD)] = frame;
  }
}
