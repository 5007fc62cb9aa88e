import { performance } from 'node:perf_hooks';
import {
  Answers,
  type LocalNode,
  PgRegistryObserver,
  QuestionPort,
  QuestionSender,
  serviceFacts,
} from '../observer';
import type { ServiceFacts } from '../transport';
import type { Value } from '../term';
import { OWN_VERSIONS } from '../wire';
import type { NodeComponents } from './node-components';
import type { NodeStatus } from './node-stats';

/** What a node does for those who look into it, which only the whole node can do. */
export interface ObservedActions {
  status(): NodeStatus;
  stats(): object;
  drain(): void;
}

/** The observer of a node: what it knows, what others may ask, and how it asks others. */
export interface NodeObservation {
  readonly observer: PgRegistryObserver;
  /** Undefined: nobody can look into the node. */
  readonly port: QuestionPort | undefined;
  readonly answers: Answers | undefined;
  /** What the transport may tell tools; undefined as well then. */
  readonly service: ServiceFacts | undefined;
}

/** Makes the observer of a node. Nothing has been started. */
export function observeNode(components: NodeComponents, actions: ObservedActions): NodeObservation {
  const { options, protocol, clock } = components;
  const { subjects } = protocol;
  const { node, observer } = options;
  const now = (): number => clock.now();
  const local = observer === false ? undefined : localNode(components, observer, actions);
  const answers = local && new Answers(local);
  const sender = new QuestionSender({
    subjects,
    connection: () => actions.status().connection,
    token: components.token,
    now,
  });
  return {
    answers,
    service: local && serviceFacts(local, options.namespace, subjects.inbox('calls')),
    port:
      answers && new QuestionPort({ subjects, node, answers, now, afterTurn: (run) => clock.afterTurn(run) }),
    observer: new PgRegistryObserver({
      node,
      answers,
      sender,
      peers: () => protocol.peers().map((peer) => peer.node),
      wall: () => clock.wall(),
      sleep: (ms) => new Promise((resolve) => clock.setTimer(ms, resolve, { keepAlive: true })),
    }),
  };
}

function localNode(
  components: NodeComponents,
  observer: LocalNode['options'],
  actions: ObservedActions,
): LocalNode {
  const { options, incarnation, protocol, processes, calls, service, entities, names, scopes, clock } =
    components;
  const { journal, meter, syncs } = components.recorders;
  return {
    name: options.node,
    incarnation,
    startedAt: protocol.epoch,
    versions: [OWN_VERSIONS.min, OWN_VERSIONS.max],
    options: observer,
    limits: options.limits,
    pids: components.pids,
    processes,
    calls,
    entities,
    names,
    journal,
    meter,
    state: () => actions.status().state,
    stats: () => actions.stats(),
    peers: () => protocol.peers(),
    watched: () => protocol.watched(),
    crashDetection: () => protocol.stats().crashDetection,
    connection: () => {
      const { connection } = actions.status();
      return {
        server: connection?.server ?? '',
        connected: connection?.isConnected ?? false,
        problem: connection?.problem ?? '',
      };
    },
    scopes: () => scopes.names(),
    scope: (name) => {
      const running = scopes.running(name);
      if (running === undefined) return undefined;
      const stream = protocol.stream(name);
      return {
        keys: running.options.keys,
        table: running.table,
        last: stream.operations.last,
        followers: stream.followers.size,
        syncedAt: syncs.get(name),
        positions: () => stream.positions(),
      };
    },
    now: () => clock.now(),
    eventLoop: () => performance.eventLoopUtilization(),
    wall: () => clock.wall(),
    drain: () => actions.drain(),
    call: (to, name, payload) => service.call<Value>(to, name, payload),
    stop: (pid) => service.exit(pid, 'stopped'),
  };
}
