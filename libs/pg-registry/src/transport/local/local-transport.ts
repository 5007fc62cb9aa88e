import { OptionChecks } from '../../term';
import { type SharedSecretOptions, withSharedSecret } from '../secret';
import type { Transport } from '../transport';
import { LocalBus } from './local-bus';

/**
 * The bus of each other object that was given as `bus`. This is no shared state: only the owner of the object can reach its entry,
 * which is collected with the object.
 */
const buses = new WeakMap<object, LocalBus>();

const CHECKS: OptionChecks = new OptionChecks('Nothing was connected.', 'localTransport()');

/** Makes a bus for nodes of this process. Give it to the `localTransport` of each. */
export function localBus(): LocalBus {
  return new LocalBus();
}

/** The options of `localTransport`. */
export interface LocalTransportOptions {
  /** The result of {@link localBus}, which can also cut, pause and lose; or any object that the nodes share. Default: a bus of its own. */
  readonly bus?: object;
  /** Signs all messages with a secret that the nodes share. Default: messages are not signed. */
  readonly secret?: SharedSecretOptions;
}

/**
 * Connects nodes within one process. Nodes that share a bus see each other; without a bus, a node is alone. Messages have the
 * same frames and the same codec as over a broker.
 *
 * @throws InvalidOptionError if `bus` is not an object, or `secret` is not valid.
 */
export function localTransport({ bus = localBus(), secret }: LocalTransportOptions = {}): Transport {
  const shared = busOf(bus);
  const transport: Transport = {
    kind: 'local',
    connect: (options) => Promise.resolve(shared.connect(options)),
  };
  return secret === undefined ? transport : withSharedSecret(transport, secret);
}

function busOf(bus: unknown): LocalBus {
  if (bus instanceof LocalBus) return bus;
  if (typeof bus !== 'object' || bus === null) {
    const advice = 'Make one with localBus(), and give it to each.';
    throw CHECKS.error('bus', bus, 'an object that the nodes share', advice);
  }
  let made = buses.get(bus);
  if (made === undefined) buses.set(bus, (made = localBus()));
  return made;
}
