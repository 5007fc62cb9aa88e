import type { OrderHandler } from '../calls';
import { MailboxFullError, type Value } from '../term';
import { type HostHandlersDeps, hostOn, livingHere } from './host-handlers';
import { HostMessages } from './host-messages';

/** Orders of one node that are under way here; further ones are refused. */
const MOST_ORDERS = 1000;

/**
 * Makes what does the orders of operators, here or on other nodes: to stop an entity, or to move it. An order comes as a request to end the
 * process of the host, which cannot be ended: so a node that must not end processes of others can give none.
 */
export function hostOrders(deps: HostHandlersDeps): OrderHandler {
  const { limits, pids } = deps;
  const read = new HostMessages(limits, pids);
  const underWay = new Map<string, number>();
  return async (order, node) => {
    const count = underWay.get(node) ?? 0;
    if (count >= MOST_ORDERS)
      throw new MailboxFullError(
        `${MOST_ORDERS} entities are being stopped or moved here for one node. Nothing was done.`,
      );
    underWay.set(node, count + 1);
    try {
      return await obey(order, read, deps);
    } finally {
      const left = (underWay.get(node) ?? 1) - 1;
      if (left === 0) underWay.delete(node);
      else underWay.set(node, left);
    }
  };
}

async function obey(order: Value, read: HostMessages, deps: HostHandlersDeps): Promise<boolean> {
  const { host, moves, directory, settle } = deps;
  const what = read.order(order);
  const { hosted, life } = livingHere(host, read.address(order));
  if (hosted === undefined || life === undefined) return false;
  if (what === 'stop') {
    await host.end(hosted, life, read.text(order, 'reason'));
    return true;
  }
  const target = hostOn(directory, hosted.type.name, read.text(order, 'node'));
  return target.pid === host.process.pid || (await moves.move(hosted, life, target, settle));
}
