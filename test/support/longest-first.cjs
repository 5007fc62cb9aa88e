/**
 * The order of the test files: the longest first, so that no worker is left with one of them when the others have finished. jest itself
 * knows durations only from an earlier run, and a clean clone has none. Files that are not listed follow in jest's order.
 */
const { existsSync } = require('node:fs');
const path = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;

const root = path.join(__dirname, '..', '..');

/**
 * The files that take longest, longest first. The one at the top takes 17 s in a fresh worker and took 108 in one that held what others had left: it
 * collects garbage some seven hundred times.
 */
const LONGEST = [
  'libs/pg-registry/src/protocol/heap-bytes.spec.ts',
  'test/e2e/faults/troubled-broker.spec.ts',
  'test/e2e/observer/hostile-terminal.spec.ts',
  'test/e2e/demo/demo.spec.ts',
  'test/simulation/simulation.spec.ts',
  'test/e2e/collaboration/page.spec.ts',
  'test/e2e/collaboration/holders.spec.ts',
  'test/e2e/collaboration/windows.spec.ts',
  'test/e2e/observer/page.spec.ts',
  'libs/pg-registry/src/wire/codec/weight.spec.ts',
  'test/e2e/observer/hostile-peer.spec.ts',
  'test/e2e/faults/processes.spec.ts',
  'test/e2e/cluster/identity.spec.ts',
  'test/e2e/cluster/membership.spec.ts',
  'test/e2e/collaboration/editing.spec.ts',
  'test/e2e/entities/ledgers.spec.ts',
  'test/e2e/collaboration/hostile.spec.ts',
  'test/e2e/observer/command.spec.ts',
  'test/e2e/observer/situations.spec.ts',
  'test/e2e/names/bad-input.spec.ts',
  'test/e2e/entities/split.spec.ts',
  'test/e2e/faults/broker.spec.ts',
  'test/simulation/entities/entities.spec.ts',
  'test/e2e/names/failover.spec.ts',
  'test/e2e/faults/cron.spec.ts',
  'test/e2e/faults/network.spec.ts',
  'test/e2e/transport/nats-connecting.spec.ts',
  'test/e2e/transport/nats-refusals.spec.ts',
  'test/e2e/collaboration/limits.spec.ts',
  'test/e2e/nest/rolling-restart.spec.ts',
  'test/e2e/observer/keyboard.spec.ts',
  'test/bench/against/against.spec.ts',
  'libs/pg-registry/src/nest/leased-entities.spec.ts',
  'libs/pg-registry/src/nest/entity-moves.spec.ts',
  'libs/pg-registry/src/nest/entity-disagreement.spec.ts',
  'libs/pg-registry/src/entities/hostile-hosts.spec.ts',
  'libs/pg-registry/src/observer-page/events.spec.ts',
  'libs/pg-registry/src/node/pg-registry-node.spec.ts',
  'libs/pg-registry/src/node/editions.spec.ts',
  'libs/pg-registry/src/names/cluster-names.spec.ts',
  'libs/pg-registry/src/nest/on-leader.spec.ts',
  'test/fuzz/fuzz.spec.ts',
];

module.exports = class extends Sequencer {
  sort(tests) {
    const gone = LONGEST.filter((file) => !existsSync(path.join(root, file)));
    if (gone.length > 0)
      throw new Error(`test/support/longest-first.cjs lists ${gone.join(', ')}: there is no such file.`);
    const rankOf = (test) => {
      const rank = LONGEST.indexOf(path.relative(root, test.path));
      return rank === -1 ? LONGEST.length : rank;
    };
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    const inOrder = super.sort(tests);
    return inOrder.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
};
