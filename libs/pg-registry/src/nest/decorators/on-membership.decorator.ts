import type { ScopeDefinition } from '../../scope';
import type { Key } from '../../term';
import { MethodMetadata } from './method-metadata';

/** One `@OnMembership` method, as the explorer reads it. */
export interface MembershipHandler {
  readonly scope: string;
  readonly key: Key;
}

/** What the decorator said of methods. */
export const membershipHandlers = new MethodMetadata<MembershipHandler>(
  'pg-registry:membership-handlers',
  'OnMembership',
);

/**
 * Calls the method with every event of one key: the snapshot first, then joins, leaves and updates, as
 * `registry.monitor(key)` gives them. Starts after every `onApplicationBootstrap`, ends before anything is destroyed.
 * Mirrors `pg:monitor/2`.
 */
export function OnMembership(scope: string | ScopeDefinition, key: Key): MethodDecorator {
  const name = typeof scope === 'string' ? scope : scope.name;
  return (prototype, method) => membershipHandlers.add(prototype, method, { scope: name, key });
}
