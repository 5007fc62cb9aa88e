import { SeededRandom } from '../support/seeded-random';
import {
  decodeCaptured,
  oversizedBodies,
  falseClaims,
  heavyValue,
  pieces,
  repeatedAsk,
  type CapturedFrame,
  REPLAYABLE,
} from './forged-frames';
import { callFlood, watchFlood } from './forged-calls';
import { exitOrders } from './forged-lives';
import { type Expectation, HostileSender } from './hostile-sender';
import { Impersonations } from './impersonations';
import { Overheard } from './overheard';
import { OwnLives } from './own-lives';
import { NAMESPACE, type SimulatedNode } from './simulated-node';
import { TornFrames } from './torn-frames';

/** What the adversary can do; each is an action of its own. */
export const ATTACKS = [
  'noise',
  'truncated',
  'mutated',
  'impersonating',
  'replayed',
  'huge',
  'false-claims',
  'forged-goodbye',
  'forged-namesake',
  'flood',
  'pieces',
  'heavy-entries',
  'storm',
  'mute',
  'call-flood',
  'watch-flood',
  'guessed-answers',
  'hello-storm',
  'goodbye-storm',
  'other-lives',
  'exit-orders',
  'torn-entries',
  'conversation',
  'restart',
] as const;
export type Attack = (typeof ATTACKS)[number];

/** Attacks that do not belong into a flood: they are floods, or change what comes after them. */
const LASTING: readonly Attack[] = [
  'flood',
  'restart',
  'storm',
  'call-flood',
  'mute',
  'heavy-entries',
  'hello-storm',
  'goodbye-storm',
  'torn-entries',
  'conversation',
];
/** Subjects on which entries travel. */
const ENTRIES = /\.(?:ops|sync|repair)\b/;
/** Subjects on which processes talk to each other. */
const CONVERSATIONS = /\.(?:bundle|call|cast|cancel|watch|down|reply)\b/;
/** How many entries it registers at a time that are small on the wire and large in memory. */
const HEAVY_ENTRIES = 24;

/**
 * A hostile peer. Its node runs the production code like any other; beside that, the adversary sends
 * - in its own name, any frame on the subjects that its permissions allow (`permissionsOf`, checked here as a server would);
 * - as if there were no permissions, bytes that are no frame, frames of other nodes again, and goodbyes and frames of made-up
 *   later lives in other nodes' names.
 *
 * It makes up no other frame in another node's name on that node's subject: only permissions or a shared secret prevent that, so no
 * invariant covers it.
 */
export class Adversary {
  /** Whether its node announces entries and sends none of them. */
  #isMute = false;
  /** How many questions it has repeated so far: numbers in them rise. */
  #asks = 0;
  readonly impersonations: Impersonations;
  readonly #sender: HostileSender;
  readonly #overheard: Overheard;
  readonly #lives: OwnLives;
  /** What its node sends is torn before it leaves. */
  readonly #torn: TornFrames;
  readonly #random: SeededRandom;

  constructor(name: string, random: SeededRandom) {
    this.#random = random;
    const sender = (this.#sender = new HostileSender(name, random));
    const overheard = (this.#overheard = new Overheard(random));
    this.impersonations = new Impersonations(sender, overheard, random);
    this.#lives = new OwnLives(sender, overheard, random);
    this.#torn = new TornFrames(random, this.#lives.incarnations);
  }

  /** Its node, while that runs. */
  get node(): SimulatedNode | undefined {
    return this.#sender.node;
  }

  /** How each of its frames must be treated, by the frame's bytes. Frames of honest nodes are not listed. */
  get expectations(): WeakMap<Uint8Array, Expectation> {
    return this.#sender.expectations;
  }

  /** Takes over a node, and captures what that node sends and what is broadcast to it. */
  takeOver(node: SimulatedNode): void {
    this.#sender.takeOver(node);
    this.#lives.incarnations.push(node.incarnation);
    const { client } = node;
    const publish = client.publish.bind(client);
    client.publish = (subject, bytes, reply) => {
      this.#capture({ subject, bytes });
      if (this.#isMute && ENTRIES.test(subject)) return;
      for (const torn of this.#torn.of(subject, bytes)) publish(subject, torn, reply);
    };
    client.subscribe(`pgr.${NAMESPACE}.from.>`, (subject, bytes) => this.#capture({ subject, bytes }));
  }

  /** @param isOver Tells whether an incarnation has ended, so that any of its frames may be replayed */
  attack(how: Attack, victim: string, isOver: (incarnation: string) => boolean): void {
    const random = this.#random;
    switch (how) {
      case 'noise':
        return this.impersonations.noise(victim);
      case 'truncated':
        return this.#overheard.withOne(({ subject, bytes }) =>
          this.#sender.publish(subject, bytes.slice(0, random.below(bytes.length)), 'may-be-refused'),
        );
      case 'mutated':
        return this.#overheard.withOne((frame) => this.#mutated(frame, victim));
      case 'impersonating':
        return this.#overheard.withOne((frame) => this.impersonations.impersonate(frame, victim));
      case 'replayed':
        return this.#overheard.withOne(({ subject, bytes }) => {
          const { kind, incarnation } = decodeCaptured(bytes);
          if (REPLAYABLE.has(kind) || isOver(incarnation))
            this.#sender.publish(subject, bytes.slice(), 'may-be-refused');
        });
      case 'huge':
        for (const { kind, body } of oversizedBodies(random)) this.#sender.send(victim, kind, body);
        return;
      case 'false-claims':
        for (const { kind, body } of falseClaims(
          random,
          this.#overheard.randomIncarnation(),
          this.#sender.identity.epoch,
        ))
          this.#sender.send(victim, kind, body);
        return;
      case 'forged-goodbye':
        return this.impersonations.sayGoodbyeAs(victim);
      case 'forged-namesake':
        return this.impersonations.claimToBe(victim);
      case 'pieces':
        for (const body of pieces(random)) this.#sender.send(victim, 'ops', body);
        return;
      case 'heavy-entries':
        return this.#registerHeavy();
      case 'storm':
        return this.#storm();
      case 'mute':
        this.#isMute = !this.#isMute;
        return;
      case 'call-flood': {
        const other = this.#overheard.randomIncarnation();
        const { pid } = this.node!.processes.root;
        for (const body of callFlood(random, this.#overheard.incarnationOf(victim), other, pid))
          this.#sender.item(victim, 'bundle', body);
        return;
      }
      case 'watch-flood':
        for (const body of watchFlood(random, this.#overheard.incarnationOf(victim)))
          this.#sender.item(victim, 'bundle', body);
        return;
      case 'guessed-answers':
        return this.impersonations.guessAnswers(victim);
      case 'hello-storm':
        return this.#lives.sayHellos(victim);
      case 'goodbye-storm':
        return this.#lives.comeAndGo();
      case 'other-lives':
        return this.#lives.sayAsOtherLife(victim);
      case 'exit-orders': {
        const incarnations = [this.#overheard.incarnationOf(victim), this.#overheard.randomIncarnation()];
        for (const body of exitOrders(random, incarnations)) this.#sender.item(victim, 'exit', body);
        return;
      }
      case 'torn-entries':
        return this.#torn.toggle(ENTRIES);
      case 'conversation':
        return this.#torn.toggle(CONVERSATIONS); // The cluster lets the victim talk to it.
      case 'flood': {
        const tame = ATTACKS.filter((attack) => !LASTING.includes(attack));
        const often = random.pick(tame);
        for (let times = 10 + random.below(90); times > 0; times -= 1)
          this.attack(random.chance(0.8) ? often : random.pick(tame), victim, isOver);
        return;
      }
      case 'restart':
        return; // The cluster restarts its process.
    }
  }

  /** Repeats one kind of question to every node, about the scope in which it has written most. */
  #storm(): void {
    const random = this.#random;
    const kindOfAsk = random.below(2 ** 31);
    const first = this.#asks;
    const times = 50 + random.below(150);
    this.#asks += times;
    // Questions of one moment may get one answer.
    const gapMs = random.pick([0, 1]);
    for (const [victim, scopes] of this.#overheard.scopes) {
      const known = [...scopes.values()].toSorted((a, b) => b.last - a.last)[0];
      const { kind, body } = repeatedAsk(
        new SeededRandom(kindOfAsk),
        this.#overheard.incarnationOf(victim),
        known,
      );
      this.#sender.repeat(times, gapMs, (time) => this.#sender.send(victim, kind, body(first + time)));
    }
  }

  /** Registers entries as any peer does, of values that are small on the wire and large in memory. */
  #registerHeavy(): void {
    const node = this.node!;
    if (node.tableOf('s') === undefined) return;
    for (let at = 0; at < HEAVY_ENTRIES; at += 1)
      node.scopes.service('s').join(`heavy ${at}`, node.process(0).pid, heavyValue());
  }

  /** Sends a captured frame as its own, with some bytes of the body changed, so that decoding gets far. */
  #mutated({ subject, bytes }: CapturedFrame, victim: string): void {
    const random = this.#random;
    const { kind, body } = decodeCaptured(bytes);
    const changed = body.slice();
    for (let changes = random.below(4); changes > 0 && changed.length > 0; changes -= 1)
      changed[random.below(changed.length)] = random.below(256);
    const scope = subject.split('.')[5];
    if (kind === 'ops') return this.#sender.sendAs(this.#sender.subjects.ops(scope ?? 's'), kind, changed);
    this.#sender.send(victim, kind, changed);
  }

  #capture(frame: CapturedFrame): void {
    if (!this.expectations.has(frame.bytes)) this.#overheard.take(frame);
  }
}
