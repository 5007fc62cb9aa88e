import { describeValue, formatKey, isInstanceOf, isPid, type Pid, quoteText } from '../../term';
import { Via } from '../via';
import { ClusterName } from './cluster-name';
import { EntityName } from './entity-name';

/** Where a call goes: one process, one of those registered under a name, the holder of a cluster name, or an entity. */
export type Destination = Pid | Via | ClusterName | EntityName;

/** Formats a destination as short text: `<orders-1.42>`, `via('counters', 'a')`. Never throws, whatever it gets. */
export function formatDestination(to: unknown): string {
  if (isPid(to)) return to.toString();
  if (isInstanceOf(to, EntityName)) return `entity(${quoteText(to.type)}, ${formatKey(to.key)})`;
  if (isInstanceOf(to, ClusterName)) return `clusterName(${formatKey(to.key)})`;
  return isInstanceOf(to, Via)
    ? `via(${quoteText(to.scope)}, ${formatKey(to.key)})`
    : `to ${describeValue(to)}`;
}
