import type { Timers } from '../lifetime';
import type { HostedType, Life } from './hosted-type';

/** An entity is looked at so many times in the time after which it is idle. */
const LOOKS = 4;
const LEAST_LOOK_MS = 10;

/**
 * Finds entities that have not handled anything for the `idleMs` of their type, or up to a quarter longer. It looks at all of a type at once:
 * a call pays nothing for it, and an entity has no timer of its own.
 */
export class IdleWatch {
  readonly #timers: Timers;
  readonly #end: (hosted: HostedType, life: Life) => void;
  /** The time that tests have passed. */
  #offsetMs = 0;

  /** @param end Ends an idle entity. */
  constructor(timers: Timers, end: (hosted: HostedType, life: Life) => void) {
    this.#timers = timers;
    this.#end = end;
  }

  /** Looks at the entities of a type again and again. Keeps no Node.js process alive. */
  watch(hosted: HostedType): void {
    const { idleMs } = hosted.type;
    if (idleMs === Infinity) return;
    this.#timers.setTimer(Math.max(LEAST_LOOK_MS, idleMs / LOOKS), () => {
      if (hosted.isClosed) return;
      this.#lookAt(hosted);
      this.watch(hosted);
    });
  }

  /** Passes time, and ends what is idle then. */
  pass(ms: number, types: Iterable<HostedType>): void {
    const all = [...types];
    for (const hosted of all) this.#lookAt(hosted);
    this.#offsetMs += ms;
    for (const hosted of all) this.#lookAt(hosted);
  }

  #lookAt(hosted: HostedType): void {
    const now = this.#timers.now() + this.#offsetMs;
    for (const life of hosted.lives.values()) {
      const { mailbox } = life;
      if (mailbox.size > 0 || mailbox.handled !== life.handled || life.quietSince === Infinity) {
        life.handled = mailbox.handled;
        life.quietSince = now;
      } else if (now - life.quietSince >= hosted.type.idleMs && life.closing === undefined) {
        this.#end(hosted, life);
      }
    }
  }
}
