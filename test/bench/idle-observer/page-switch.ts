import { collectNewGarbage } from '../support/bench';
import { setPages, switchPages } from '../support/pages';
import type { Switch } from './switch';

/**
 * Compares nodes whose application imports `PgRegistryObserverModule` with nodes of an application that does not, while nobody looks. Both
 * listen. A node that lives on gets a new application each time, and the new objects that are garbage then are collected before the work goes on.
 */
export class PageSwitch implements Switch {
  readonly differs = true;
  readonly settlingTurns = 2;

  makeNodes(isOn: boolean): void {
    setPages(isOn);
  }

  find(): void {}
  stop(): void {}
  forget(): void {}

  async turn(isOn: boolean): Promise<void> {
    await switchPages(isOn);
    collectNewGarbage();
  }

  begin(): void {}
  worked(): void {}
  end(): void {}
}
