import { InvalidOptionError } from '../../term';
import type { Transport } from '../transport';
import { LocalBus } from './local-bus';

/** Makes a bus for nodes of this process: give it to the `localTransport` of each. */
export function localBus(): LocalBus {
  return new LocalBus();
}

/**
 * Connects nodes within one process. Nodes that share a bus see each other; without one, a node is alone. Everything goes
 * through the same frames and the same codec as over a broker.
 *
 * @throws InvalidOptionError if `bus` is none.
 */
export function localTransport({ bus = localBus() }: { readonly bus?: LocalBus } = {}): Transport {
  if (!(bus instanceof LocalBus)) {
    throw new InvalidOptionError('localTransport takes { bus }, where bus was made by localBus().', {
      option: 'bus',
    });
  }
  return { kind: 'local', connect: (options) => Promise.resolve(bus.connect(options)) };
}
