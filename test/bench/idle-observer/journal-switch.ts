import type { NodeOptions } from 'nestjs-pg-registry';
import { systemClock } from '../../../libs/pg-registry/src/node/clock';
import { Journal } from '../../../libs/pg-registry/src/observer/journal';
import { setOptionsOfAllNodes } from '../support/nodes';
import type { Switch } from './switch';

const WITHOUT: NodeOptions = { observer: { journal: 0 } };

/**
 * Compares nodes with a journal and without one. It finds the journals that are written to by looking on for a while.
 *
 * While they are measured, time passes for them by what the work with a journal takes, and only by that. So a second holds as much of this work as
 * on a machine that does nothing else, and a journal keeps the share of the changes that it would there. The rest of a node keeps the
 * clock that it was made with.
 */
export class JournalSwitch implements Switch {
  readonly settlingTurns = 0;
  readonly #with: NodeOptions;
  readonly #found = new Set<Journal>();
  // oxlint-disable-next-line typescript/unbound-method -- it is called with its journal
  readonly #record = Journal.prototype.record;
  readonly #wall = systemClock.wall.bind(systemClock);
  #passed = 0;

  /** @param journal The options of nodes with a journal. */
  constructor(journal: NodeOptions) {
    this.#with = journal;
  }

  /** Whether anything was written into a journal. */
  get differs(): boolean {
    return this.#found.size > 0;
  }

  makeNodes(isOn: boolean): void {
    setOptionsOfAllNodes(isOn ? this.#with : WITHOUT);
  }

  find(): void {
    const [found, record] = [this.#found, this.#record];
    Journal.prototype.record = function (...change): void {
      found.add(this);
      record.apply(this, change);
    };
  }

  stop(): void {
    Journal.prototype.record = this.#record;
  }

  forget(): void {
    this.#found.clear();
  }

  turn(isOn: boolean): void {
    for (const journal of this.#found) journal.isOn = isOn && journal.capacity > 0;
  }

  begin(): void {
    const from = this.#wall() - this.#passed;
    systemClock.wall = () => from + this.#passed;
  }

  worked(isOn: boolean, ms: number): void {
    if (isOn) this.#passed += ms;
  }

  end(): void {
    systemClock.wall = this.#wall;
  }
}
