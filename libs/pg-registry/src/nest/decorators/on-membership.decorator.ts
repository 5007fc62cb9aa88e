import type { ScopeDefinition } from '../../scope';
import type { Key } from '../../term';
import { MethodMetadata } from './method-metadata';

/** The metadata of one `@OnMembership`. */
export interface MembershipHandler {
  readonly scope: string;
  readonly key: Key;
}

/** The metadata of `@OnMembership`. */
export const membershipHandlers = new MethodMetadata<MembershipHandler>(
  'pg-registry:membership-handlers',
  'OnMembership',
);

/**
 * Calls the method with every event of one key: the snapshot first, then joins, leaves and updates, like
 * `registry.monitor(key)`. It starts after every `onApplicationBootstrap` and ends before anything is destroyed.
 * Mirrors `pg:monitor/2`.
 */
export function OnMembership(scope: string | ScopeDefinition, key: Key): MethodDecorator {
  const name = typeof scope === 'string' ? scope : scope.name;
  return (prototype, method) => membershipHandlers.add(prototype, method, { scope: name, key });
}
