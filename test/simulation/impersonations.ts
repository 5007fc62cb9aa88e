import { incarnationOf, Subjects, type FrameKind, OWN_VERSIONS } from '../../libs/pg-registry/src/wire';
import type { SeededRandom } from '../support/seeded-random';
import { guessedAnswers, guessedSubject } from './forged-calls';
import { type CapturedFrame, decodeCaptured, encodeForged } from './forged-frames';
import { ANNOUNCED, type HostileSender } from './hostile-sender';
import type { Overheard } from './overheard';
import { NAMESPACE } from './simulated-node';

const INBOX: readonly FrameKind[] = ['hello', 'discover', 'stale', 'drain', 'sync', 'repair', 'applied'];

/** What a hostile peer says in the name of others, as if there were no permissions. */
export class Impersonations {
  /** Incarnations in whose name it has said goodbye. */
  readonly forgedGoodbyes = new Set<string>();
  /** Names of nodes of which it has made up later lives. */
  readonly forgedNamesakes = new Set<string>();
  readonly #sender: HostileSender;
  readonly #overheard: Overheard;
  readonly #random: SeededRandom;

  constructor(sender: HostileSender, overheard: Overheard, random: SeededRandom) {
    this.#sender = sender;
    this.#overheard = overheard;
    this.#random = random;
  }

  /** Answers calls that others were asked, in its own name and in theirs. */
  guessAnswers(victim: string): void {
    const other = this.#overheard.randomIncarnation();
    const node = this.#overheard.nodeOf(other);
    for (const body of guessedAnswers(this.#random, other)) {
      this.#sender.item(victim, 'bundle', body);
      if (node === undefined || node === this.#sender.name) continue;
      const inName = {
        ...this.#sender.identity,
        node,
        incarnation: other,
        version: 2,
        versions: OWN_VERSIONS,
      };
      const bytes = encodeForged({ ...inName, kind: 'bundle' }, body);
      this.#sender.publish(this.#sender.subjects.to(victim, 'bundle'), bytes, 'must-be-refused');
    }
    const { token, body } = guessedSubject(this.#random);
    this.#sender.sendAs(new Subjects(NAMESPACE, victim).reply(this.#sender.name, token), 'reply', body);
  }

  /** Sends bytes that are no frame, to any subject that has a subscriber. */
  noise(victim: string): void {
    const random = this.#random;
    const bytes = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
    bytes[0] = 0; // no frame begins with 0
    const sender = random.chance(0.5) ? this.#sender.subjects : new Subjects(NAMESPACE, victim);
    const reply = random.chance(0.5) ? '' : this.#sender.subjects.reply(victim, 'x');
    this.#sender.publish(this.#randomSubject(sender, victim), bytes, 'must-be-refused', reply);
  }

  /** Sends frames whose sender, incarnation or kind contradicts their subject. */
  impersonate({ bytes }: CapturedFrame, victim: string): void {
    const random = this.#random;
    const frame = decodeCaptured(bytes);
    if (frame.node === this.#sender.name) return;
    const kind = random.pick(ANNOUNCED);
    const subject = this.#sender.subjects.announce(kind);
    const versions = { min: 1, max: 1 };
    const body = kind === frame.kind ? frame.body : new Uint8Array(0);
    this.#sender.publish(subject, bytes.slice(), 'must-be-refused');
    this.#sender.publish(
      subject,
      encodeForged({ ...frame, versions, kind, node: this.#sender.name }, body),
      'must-be-refused',
    );
    this.#sender.publish(
      subject,
      encodeForged({ ...frame, ...this.#sender.identity, versions, kind: 'drain' }, body),
      'must-be-refused',
    );
    // Asks for an answer on the subject on which the victim waits for another node's answer.
    const question = encodeForged({ ...frame, ...this.#sender.identity, kind: 'alive' }, new Uint8Array(0));
    const elsewhere = new Subjects(NAMESPACE, victim).reply('a', 'x');
    this.#sender.publish(this.#sender.subjects.alive(victim), question, 'must-be-refused', elsewhere);
  }

  /** Says goodbye as another node, with the epoch that the node was last heard with or a higher one. */
  sayGoodbyeAs(victim: string): void {
    const frame = this.#overheard.lastOf(victim);
    if (frame === undefined) return;
    const epoch = frame.epoch + this.#random.pick([0, 0, 1000]);
    const bytes = encodeForged({ ...frame, epoch, kind: 'goodbye' }, new Uint8Array(0));
    this.forgedGoodbyes.add(frame.incarnation);
    this.#sender.publish(new Subjects(NAMESPACE, victim).announce('goodbye'), bytes, 'may-be-refused');
  }

  /** Sends a frame of a life of another node that never was, and that began later. It does not answer for it. */
  claimToBe(victim: string): void {
    const frame = this.#overheard.lastOf(victim);
    if (frame === undefined) return;
    const incarnation = incarnationOf(victim, this.#random.below(2 ** 32));
    const epoch = frame.epoch + 1 + this.#random.below(1000);
    const kind = this.#random.pick(['suspect', 'goodbye'] as const);
    const body = new Uint8Array(kind === 'suspect' ? 8 : 0);
    this.forgedNamesakes.add(victim);
    const bytes = encodeForged({ ...frame, incarnation, epoch, kind }, body);
    this.#sender.publish(new Subjects(NAMESPACE, victim).announce(kind), bytes, 'may-be-refused');
  }

  #randomSubject(sender: Subjects, victim: string): string {
    const random = this.#random;
    return random.weighted<() => string>([
      [2, () => sender.announce(random.pick(ANNOUNCED))],
      [4, () => sender.to(victim, random.pick(INBOX))],
      [1, () => sender.alive(victim)],
    ])();
  }
}
