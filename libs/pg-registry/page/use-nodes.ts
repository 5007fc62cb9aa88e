import type { ObservedNode } from '../src/observer/facts';
import { usePolled } from './server';

/** The names of the nodes that answer; looked at now and then. */
export function useNodes(): readonly string[] {
  const { data } = usePolled<readonly ObservedNode[]>('nodes', {}, 5000);
  return data?.map(({ node }) => node) ?? [];
}
