import {
  type Frame,
  incarnationOf,
  permissionsOf,
  Subjects,
  type FrameKind,
  OWN_VERSIONS,
} from '../../libs/pg-registry/src/wire';
import { SeededRandom } from '../support/seeded-random';
import {
  decodeCaptured,
  oversizedBodies,
  falseClaims,
  heavyValue,
  pieces,
  repeatedAsk,
  scopesOf,
  type CapturedFrame,
  type KnownScope,
  REPLAYABLE,
  encodeForged,
} from './forged-frames';
import { callFlood, guessedAnswers, guessedSubject, watchFlood } from './forged-calls';
import { matchesSubject } from '../support/virtual-network/link';
import { NAMESPACE, SCOPE_NAMES, type SimulatedNode } from './simulated-node';

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
  'restart',
] as const;
export type Attack = (typeof ATTACKS)[number];

/** Attacks that do not belong into a flood: they are floods, or change what comes after them. */
const LASTING: readonly Attack[] = ['flood', 'restart', 'storm', 'call-flood', 'mute', 'heavy-entries'];
/** Subjects on which nodes introduce themselves. */
const HELLO = /\.hello\b/;
/** Subjects on which entries travel. */
const ENTRIES = /\.(?:ops|sync|repair)\b/;
/** How many entries it registers at a time that are small on the wire and large in memory. */
const HEAVY_ENTRIES = 24;

/** How a node must treat a frame of the adversary. */
export type Expectation =
  /** It must be refused and counted. */
  | 'must-be-refused'
  /** It may be refused or not. */
  | 'may-be-refused';

/** Kinds that are broadcast to every node. */
const ANNOUNCED: readonly FrameKind[] = ['hello', 'suspect', 'goodbye'];
const INBOX: readonly FrameKind[] = ['hello', 'discover', 'stale', 'drain', 'sync', 'repair', 'applied'];
const MAX_CAPTURED = 400;

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
  /** How each of its frames must be treated, by the frame's bytes. Frames of honest nodes are not listed. */
  readonly expectations = new WeakMap<Uint8Array, Expectation>();
  /** Incarnations in whose name it has said goodbye. */
  readonly forgedGoodbyes = new Set<string>();
  /** Names of nodes of which it has made up later lives. */
  readonly forgedNamesakes = new Set<string>();
  readonly #captured: CapturedFrame[] = [];
  readonly #allowed: readonly (readonly string[])[];
  readonly #subjects: Subjects;
  #node: SimulatedNode | undefined;
  /** Whether its node announces entries and sends none of them. */
  #isMute = false;
  /** What each node last said of its scopes. */
  readonly #scopes = new Map<string, Map<string, KnownScope>>();
  /** How many questions it has repeated so far: numbers in them rise. */
  #asks = 0;
  /** Publishes in spite of it. */
  #publishAll: SimulatedNode['client']['publish'] = () => undefined;

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

  /** Takes over a node, and captures what that node sends and what is broadcast to it. */
  takeOver(node: SimulatedNode): void {
    this.#node = node;
    const { client } = node;
    const publish = client.publish.bind(client);
    this.#publishAll = publish;
    client.publish = (subject, bytes, reply) => {
      this.#capture({ subject, bytes });
      if (!this.#isMute || !ENTRIES.test(subject)) publish(subject, bytes, reply);
    };
    client.subscribe(`pgr.${NAMESPACE}.from.>`, (subject, bytes) => this.#capture({ subject, bytes }));
  }

  /** @param isOver Tells whether an incarnation has ended, so that any of its frames may be replayed */
  attack(how: Attack, victim: string, isOver: (incarnation: string) => boolean): void {
    const random = this.#random;
    switch (how) {
      case 'noise':
        return this.#noise(victim);
      case 'truncated':
        return this.#withCaptured(({ subject, bytes }) =>
          this.#publish(subject, bytes.slice(0, random.below(bytes.length)), 'may-be-refused'),
        );
      case 'mutated':
        return this.#withCaptured((frame) => this.#mutated(frame, victim));
      case 'impersonating':
        return this.#withCaptured((frame) => this.#impersonate(frame, victim));
      case 'replayed':
        return this.#withCaptured(({ subject, bytes }) => {
          const { kind, incarnation } = decodeCaptured(bytes);
          if (REPLAYABLE.has(kind) || isOver(incarnation))
            this.#publish(subject, bytes.slice(), 'may-be-refused');
        });
      case 'huge':
        for (const { kind, body } of oversizedBodies(random)) this.#send(victim, kind, body);
        return;
      case 'false-claims':
        for (const { kind, body } of falseClaims(random, this.#randomIncarnation(), this.#epoch))
          this.#send(victim, kind, body);
        return;
      case 'forged-goodbye':
        return this.#sayGoodbyeAs(victim);
      case 'forged-namesake':
        return this.#claimToBe(victim);
      case 'pieces':
        for (const body of pieces(random)) this.#send(victim, 'ops', body);
        return;
      case 'heavy-entries':
        return this.#registerHeavy();
      case 'storm':
        return this.#storm();
      case 'mute':
        this.#isMute = !this.#isMute;
        return;
      case 'call-flood': {
        const other = this.#randomIncarnation();
        const { pid } = this.#node!.processes.root;
        for (const body of callFlood(random, this.#incarnationOf(victim), other, pid))
          this.#bundle(victim, body);
        return;
      }
      case 'watch-flood':
        for (const body of watchFlood(random, this.#incarnationOf(victim))) this.#bundle(victim, body);
        return;
      case 'guessed-answers':
        return this.#guessAnswers(victim);
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
    for (const [victim, scopes] of this.#scopes) {
      const known = [...scopes.values()].toSorted((a, b) => b.last - a.last)[0];
      const { kind, body } = repeatedAsk(new SeededRandom(kindOfAsk), this.#incarnationOf(victim), known);
      for (let time = 0; time < times; time += 1) {
        const ask = (): void => this.#send(victim, kind, body(first + time));
        if (gapMs === 0) ask();
        else this.#node!.loop.setTimer(time * gapMs, ask);
      }
    }
  }

  /** Registers entries as any peer does, of values that are small on the wire and large in memory. */
  #registerHeavy(): void {
    const node = this.#node!;
    if (node.tableOf('s') === undefined) return;
    for (let at = 0; at < HEAVY_ENTRIES; at += 1)
      node.scopes.service('s').join(`heavy ${at}`, node.process(0).pid, heavyValue());
  }

  /** Answers calls that others were asked, in its own name and in theirs. */
  #guessAnswers(victim: string): void {
    const other = this.#randomIncarnation();
    const node = this.#captured
      .map(({ bytes }) => decodeCaptured(bytes))
      .find((f) => f.incarnation === other)?.node;
    for (const body of guessedAnswers(this.#random, other)) {
      this.#bundle(victim, body);
      if (node === undefined || node === this.name) continue;
      const inName = { ...this.#identity, node, incarnation: other, version: 2, versions: OWN_VERSIONS };
      const bytes = encodeForged({ ...inName, kind: 'bundle' }, body);
      this.#publish(this.#subjects.to(victim, 'bundle'), bytes, 'must-be-refused');
    }
    const { token, body } = guessedSubject(this.#random);
    this.#sendAs(new Subjects(NAMESPACE, victim).reply(this.name, token), 'reply', body);
  }

  /** Sends a bundle in its own name. */
  #bundle(victim: string, body: Uint8Array): void {
    const frame = { ...this.#identity, version: 2, kind: 'bundle', versions: OWN_VERSIONS } as const;
    this.#publish(this.#subjects.to(victim, 'bundle'), encodeForged(frame, body), 'may-be-refused');
  }

  /** The incarnation of a node, as far as it was overheard. */
  #incarnationOf(name: string): string {
    const frame = this.#captured.map(({ bytes }) => decodeCaptured(bytes)).find(({ node }) => node === name);
    return frame?.incarnation ?? this.#randomIncarnation();
  }

  /** Sends bytes that are no frame, to any subject that has a subscriber. */
  #noise(victim: string): void {
    const random = this.#random;
    const bytes = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
    bytes[0] = 0; // no frame begins with 0
    const sender = random.chance(0.5) ? this.#subjects : new Subjects(NAMESPACE, victim);
    const reply = random.chance(0.5) ? '' : this.#subjects.reply(victim, 'x');
    this.#publish(this.#randomSubject(sender, victim), bytes, 'must-be-refused', reply);
  }

  /** Sends a captured frame as its own, with some bytes of the body changed, so that decoding gets far. */
  #mutated({ subject, bytes }: CapturedFrame, victim: string): void {
    const random = this.#random;
    const { kind, body } = decodeCaptured(bytes);
    const changed = body.slice();
    for (let changes = random.below(4); changes > 0 && changed.length > 0; changes -= 1)
      changed[random.below(changed.length)] = random.below(256);
    const scope = subject.split('.')[5];
    if (kind === 'ops') return this.#sendAs(this.#subjects.ops(scope ?? 's'), kind, changed);
    this.#send(victim, kind, changed);
  }

  /** Sends frames whose sender, incarnation or kind contradicts their subject. */
  #impersonate({ bytes }: CapturedFrame, victim: string): void {
    const random = this.#random;
    const frame = decodeCaptured(bytes);
    if (frame.node === this.name) return;
    const kind = random.pick(ANNOUNCED);
    const subject = this.#subjects.announce(kind);
    const versions = { min: 1, max: 1 };
    const body = kind === frame.kind ? frame.body : new Uint8Array(0);
    this.#publish(subject, bytes.slice(), 'must-be-refused');
    this.#publish(
      subject,
      encodeForged({ ...frame, versions, kind, node: this.name }, body),
      'must-be-refused',
    );
    this.#publish(
      subject,
      encodeForged({ ...frame, ...this.#identity, versions, kind: 'drain' }, body),
      'must-be-refused',
    );
    // Asks for an answer on the subject on which the victim waits for another node's answer.
    const question = encodeForged({ ...frame, ...this.#identity, kind: 'alive' }, new Uint8Array(0));
    const elsewhere = new Subjects(NAMESPACE, victim).reply('a', 'x');
    this.#publish(this.#subjects.alive(victim), question, 'must-be-refused', elsewhere);
  }

  /** Says goodbye as another node, with the epoch that the node was last heard with or a higher one. */
  #sayGoodbyeAs(victim: string): void {
    const frame = this.#lastOf(victim);
    if (frame === undefined) return;
    const epoch = frame.epoch + this.#random.pick([0, 0, 1000]);
    const bytes = encodeForged({ ...frame, epoch, kind: 'goodbye' }, new Uint8Array(0));
    this.forgedGoodbyes.add(frame.incarnation);
    this.#publish(new Subjects(NAMESPACE, victim).announce('goodbye'), bytes, 'may-be-refused');
  }

  /** Sends a frame of a life of another node that never was, and that began later. It does not answer for it. */
  #claimToBe(victim: string): void {
    const frame = this.#lastOf(victim);
    if (frame === undefined) return;
    const incarnation = incarnationOf(victim, this.#random.below(2 ** 32));
    const epoch = frame.epoch + 1 + this.#random.below(1000);
    const kind = this.#random.pick(['suspect', 'goodbye'] as const);
    const body = new Uint8Array(kind === 'suspect' ? 8 : 0);
    this.forgedNamesakes.add(victim);
    const bytes = encodeForged({ ...frame, incarnation, epoch, kind }, body);
    this.#publish(new Subjects(NAMESPACE, victim).announce(kind), bytes, 'may-be-refused');
  }

  #lastOf(node: string): Frame | undefined {
    return this.#captured.map(({ bytes }) => decodeCaptured(bytes)).findLast((frame) => frame.node === node);
  }

  get #identity(): { node: string; incarnation: string; epoch: number } {
    return { node: this.name, incarnation: this.#node!.incarnation, epoch: this.#epoch };
  }

  get #epoch(): number {
    return this.#node!.protocol.epoch;
  }

  /** Sends a frame in its own name: broadcast if its kind is, otherwise to one node. */
  #send(victim: string, kind: FrameKind, body: Uint8Array): void {
    if (kind === 'ops') return this.#sendAs(this.#subjects.ops(this.#random.pick(SCOPE_NAMES)), kind, body);
    const isAnnounced = ANNOUNCED.includes(kind) && (kind !== 'hello' || this.#random.chance(0.5));
    this.#sendAs(isAnnounced ? this.#subjects.announce(kind) : this.#subjects.to(victim, kind), kind, body);
  }

  #sendAs(subject: string, kind: FrameKind, body: Uint8Array): void {
    const versions = { min: 1, max: 1 };
    this.#publish(
      subject,
      encodeForged({ ...this.#identity, version: 1, kind, versions }, body),
      'may-be-refused',
    );
  }

  #publish(subject: string, bytes: Uint8Array, expectation: Expectation, reply = ''): void {
    const { node } = this;
    if (node === undefined) return;
    const tokens = subject.split('.');
    const isAllowed = this.#allowed.some((pattern) => matchesSubject(pattern, tokens));
    const sender = tokens[2] === 'from' ? tokens[3] : tokens.at(-1);
    if (!isAllowed && sender === this.name) throw new Error(`${subject} should be allowed to ${this.name}`);
    this.expectations.set(bytes, expectation);
    this.#publishAll(subject, bytes, reply);
  }

  #randomSubject(sender: Subjects, victim: string): string {
    const random = this.#random;
    return random.weighted<() => string>([
      [2, () => sender.announce(random.pick(ANNOUNCED))],
      [4, () => sender.to(victim, random.pick(INBOX))],
      [1, () => sender.alive(victim)],
    ])();
  }

  #randomIncarnation(): string {
    const frame = this.#captured.length > 0 ? this.#random.pick(this.#captured) : undefined;
    return frame === undefined ? incarnationOf(this.name, 1) : decodeCaptured(frame.bytes).incarnation;
  }

  #withCaptured(act: (frame: CapturedFrame) => void): void {
    if (this.#captured.length > 0) act(this.#random.pick(this.#captured));
  }

  #capture(frame: CapturedFrame): void {
    if (this.expectations.has(frame.bytes)) return;
    if (HELLO.test(frame.subject)) this.#learnScopes(decodeCaptured(frame.bytes));
    if (this.#captured.length < MAX_CAPTURED) this.#captured.push(frame);
    else this.#captured[this.#random.below(MAX_CAPTURED)] = frame;
  }

  #learnScopes(frame: Frame): void {
    const scopes = this.#scopes.get(frame.node) ?? new Map<string, KnownScope>();
    for (const known of scopesOf(frame)) scopes.set(known.scope, known);
    this.#scopes.set(frame.node, scopes);
  }
}
