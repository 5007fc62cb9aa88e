import { InvalidOptionError } from '../../term';
import type { Transport } from '../transport';
import { LocalBus } from './local-bus';

/**
 * The buses of objects that are none, so that any object can stand for a bus. Not state that anybody could meet: an entry is
 * known only to who has its object, and goes with it.
 */
const buses = new WeakMap<object, LocalBus>();

/** Makes a bus for nodes of this process: give it to the `localTransport` of each. */
export function localBus(): LocalBus {
  return new LocalBus();
}

/**
 * Connects nodes within one process. Nodes that share a bus see each other; without one, a node is alone. Everything goes
 * through the same frames and the same codec as over a broker.
 *
 * @param options Which other nodes it reaches.
 * @param options.bus What {@link localBus} made, which can also cut, pause and lose; or any object that the nodes share.
 * @throws InvalidOptionError if `bus` is no object.
 */
export function localTransport({ bus = localBus() }: { readonly bus?: object } = {}): Transport {
  const shared = busOf(bus);
  return { kind: 'local', connect: (options) => Promise.resolve(shared.connect(options)) };
}

function busOf(bus: unknown): LocalBus {
  if (bus instanceof LocalBus) return bus;
  if (typeof bus !== 'object' || bus === null) {
    throw new InvalidOptionError(
      "Option 'bus' of localTransport is an object that the nodes share: make one with localBus() and give it to each.",
      { option: 'bus' },
    );
  }
  let made = buses.get(bus);
  if (made === undefined) buses.set(bus, (made = localBus()));
  return made;
}
