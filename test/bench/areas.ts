import { calls } from './calls.bench';
import { entities } from './entities.bench';
import { fanOut } from './fan-out.bench';
import { growth } from './growth.bench';
import { joins } from './joins.bench';
import { names } from './names.bench';
import { peers } from './peers.bench';
import { moleculer, moleculerCalls } from './moleculer.bench';
import { queries } from './queries.bench';
import { reads } from './reads.bench';
import { removals } from './removals.bench';
import { replication } from './replication.bench';
import type { Area } from './support/bench';
import { writes } from './writes.bench';

/** The suite, in the order of its table. */
export const AREAS: Readonly<Record<string, Area>> = {
  reads,
  writes,
  queries,
  growth,
  'fan-out': fanOut,
  replication,
  joins,
  removals,
  calls,
  names,
  entities,
  peers,
  moleculer,
  'moleculer-calls': moleculerCalls,
};
