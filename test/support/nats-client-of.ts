import type { NatsPackage } from 'nestjs-pg-registry';

const PACKAGES: readonly NatsPackage[] = ['nats', '@nats-io/transport-node'];

/**
 * The NATS client of a node in tests: clusters are mixed, so that what runs over one client runs over both. Always the same for a name.
 * `PG_REGISTRY_NATS_CLIENT` chooses one for all nodes.
 */
export function natsClientOf(node: string): NatsPackage {
  const given = PACKAGES.find((name) => name === process.env['PG_REGISTRY_NATS_CLIENT']);
  return given ?? PACKAGES[(node.charCodeAt(node.length - 1) || 0) % PACKAGES.length];
}
