import type { CallTracer } from '../calls';
import { HandlerMeter, Journal } from '../observer';
import type { Clock } from './clock';
import type { NormalNodeOptions } from './node-options';

/** What is kept and measured for those who look into a node: made before all that it watches. */
export interface Recorders {
  readonly journal: Journal;
  readonly meter: HandlerMeter;
  /** When a sync ended last, in milliseconds since 1970, by scope. */
  readonly syncs: Map<string, number>;
}

/**
 * Makes the recorders of a node. Those of a node that nobody can look into record nothing.
 *
 * @param clock Need not guard what it runs: nothing here throws.
 */
export function createRecorders(
  { observer }: NormalNodeOptions,
  clock: Clock,
  tracer: CallTracer | undefined,
): Recorders {
  return {
    journal: new Journal(observer === false ? 0 : observer.journal, clock),
    meter: new HandlerMeter(tracer, () => clock.now()),
    syncs: new Map(),
  };
}
