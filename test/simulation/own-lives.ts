import { decodeHello } from '../../libs/pg-registry/src/cluster/hello';
import type { SeededRandom } from '../support/seeded-random';
import { decodeCaptured } from './forged-frames';
import { helloStorm, madeUpLife } from './forged-lives';
import { ANNOUNCED, type HostileSender } from './hostile-sender';
import type { Overheard } from './overheard';

/** Its goodbyes and returns come so many milliseconds apart. */
const GOODBYE_GAPS_MS = [0, 1, 20] as const;
/** A hello of this number makes those of the node itself come too late. */
const LATE_BEAT = 2 ** 40;

/** What a hostile peer says of itself: that it comes and goes, has thousands of scopes, and lives many times. */
export class OwnLives {
  /** Incarnations of its node, those that are over among them. */
  readonly incarnations: string[] = [];
  #beats = 0;
  readonly #sender: HostileSender;
  readonly #overheard: Overheard;
  readonly #random: SeededRandom;

  constructor(sender: HostileSender, overheard: Overheard, random: SeededRandom) {
    this.#sender = sender;
    this.#overheard = overheard;
    this.#random = random;
  }

  /** Sends hellos of scopes that are made up. */
  sayHellos(victim: string): void {
    for (const body of helloStorm(this.#random, this.#beat)) this.#sender.send(victim, 'hello', body);
  }

  /** Says goodbye and hello in turn, as often as a peer that starts again and again. */
  comeAndGo(): void {
    const [sender, random] = [this.#sender, this.#random];
    const gapMs = random.pick(GOODBYE_GAPS_MS);
    const rises = random.chance(0.5);
    sender.repeat(3 + random.below(30), gapMs, (time) => {
      if (sender.node === undefined) return;
      const { identity, subjects } = sender;
      const kind = time % 2 === 0 ? 'goodbye' : 'hello';
      const hello = kind === 'hello' ? this.#overheard.lastHelloOf(sender.name)?.body : undefined;
      const epoch = identity.epoch + (rises ? time : 0);
      sender.sendAs(subjects.announce(kind), kind, hello ?? new Uint8Array(0), { ...identity, epoch });
    });
  }

  /** Sends a frame of its own again, or one that it overheard, in the name of a life of its own that is over or never was. */
  sayAsOtherLife(victim: string): void {
    const random = this.#random;
    const { name } = this.#sender;
    const incarnation = random.chance(0.5) ? random.pick(this.incarnations) : madeUpLife(random, name);
    const epoch = Math.max(
      0,
      this.#sender.identity.epoch + random.pick([-1_000_000, -1, 0, 0, 1, 1_000_000]),
    );
    for (let times = 1 + random.below(6); times > 0; times -= 1) {
      this.#overheard.withOne(({ subject, bytes }) => {
        const { kind, body } = decodeCaptured(bytes);
        const scope = subject.split('.')[5] ?? 's';
        const to =
          kind === 'ops'
            ? this.#sender.subjects.ops(scope)
            : ANNOUNCED.includes(kind)
              ? this.#sender.subjects.announce(kind)
              : this.#sender.subjects.to(victim, kind);
        this.#sender.sendAs(to, kind, body, { node: name, incarnation, epoch });
      });
    }
  }

  /** The number of its next hello: mostly what its node would say next. */
  get #beat(): number {
    const hello = this.#overheard.lastHelloOf(this.#sender.name);
    this.#beats = Math.max(this.#beats, hello === undefined ? 0 : decodeHello(hello.body).beat) + 1;
    return this.#random.chance(0.1) ? LATE_BEAT : this.#beats;
  }
}
