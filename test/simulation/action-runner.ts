import type { Server } from '../support/virtual-network/link';
import { PROCESSES, SCOPE_NAMES, type SimulatedNode } from './simulated-node';
import { type Action, KEYS, VALUES } from './step-generator';
import type { SimulatedCluster } from './simulated-cluster';

/** Runs one action on the cluster. An action whose node or server is not there does nothing. */
export function perform(cluster: SimulatedCluster, action: Action): void {
  if ('node' in action) {
    const node = nth(candidatesFor(cluster, action.do), action.node);
    if (node !== undefined) performAt(cluster, node, action);
    return;
  }
  const { servers } = cluster.broker;
  switch (action.do) {
    case 'start': {
      const free = cluster.config.names.filter((name) => !cluster.running.some((node) => node.name === name));
      const name = nth(free, action.name);
      if (name !== undefined) cluster.start(name, nth(servers, action.server)!, action.clockMs);
      return;
    }
    case 'kill-server':
      return cluster.killServer(nth(servers, action.server)!, action.downMs);
    case 'cut':
      return cut(cluster, nth(servers, action.from)!, nth(servers, action.to)!, action);
    case 'heal':
      cluster.broker.heal();
      return cluster.updateReachability();
    case 'faults':
      cluster.broker.faults = action;
      return cluster.updateReachability();
    case 'wait':
      return cluster.advance(action.ms);
    case 'attack': {
      const victim = nth(cluster.honest, action.victim);
      return victim === undefined ? undefined : cluster.attack(action.how, victim.name, action.clockMs);
    }
  }
}

function performAt(
  cluster: SimulatedCluster,
  node: SimulatedNode,
  action: Extract<Action, { readonly node: number }>,
): void {
  switch (action.do) {
    case 'register':
    case 'unregister':
    case 'update':
    case 'join-many':
    case 'churn':
    case 'exit':
      return write(node, action);
    case 'stop-scope':
      return cluster.stopScope(node, nth(SCOPE_NAMES, action.scope)!);
    case 'start-scope':
      return cluster.startScope(node, nth(SCOPE_NAMES, action.scope)!);
    case 'restart-scope': {
      const scope = nth(SCOPE_NAMES, action.scope)!;
      cluster.stopScope(node, scope);
      return cluster.startScope(node, scope);
    }
    case 'subscribe':
      return cluster.checker.subscribe(node, nth(SCOPE_NAMES, action.scope)!);
    case 'replicated': {
      const scope = nth(SCOPE_NAMES, action.scope)!;
      if (node.tableOf(scope) === undefined) return;
      return node.replicated(scope, action.timeoutMs, (id) =>
        cluster.checker.replicatedCalled(node, scope, id),
      );
    }
    case 'call':
    case 'watch': {
      const peers = cluster.honest.filter((peer) => peer.name !== node.name && peer.isMember);
      const to = nth(peers, action.callee);
      if (to === undefined) return;
      const process = to.process(action.process % PROCESSES);
      const { callChecks } = cluster.checker;
      if (action.do === 'watch') return callChecks.watch(node, to, process);
      return callChecks.call(node, to, process, action);
    }
    case 'start-namesake':
      return void cluster.start(node.name, nth(cluster.broker.servers, action.server)!, action.clockMs);
    case 'crash':
      return cluster.crash(node, action.unnoticedMs);
    case 'leave':
      return cluster.leave(node);
    case 'drain':
      return node.drain();
    case 'freeze':
      return cluster.freeze(node);
    case 'thaw':
      return cluster.thaw(node);
    case 'disconnect':
      return cluster.disconnect(node, 'connection', action.awayMs, action.noticeMs, action.lingerMs);
  }
}

type Write = Extract<
  Action,
  { readonly do: 'register' | 'unregister' | 'update' | 'join-many' | 'churn' | 'exit' }
>;

function write(node: SimulatedNode, action: Write): void {
  if (action.do === 'exit') return node.process(action.process % PROCESSES).exit('done');
  const scope = 'scope' in action ? nth(SCOPE_NAMES, action.scope)! : 's';
  if (node.tableOf(scope) === undefined) return;
  const registry = node.scopes.service(scope);
  const pid = (index: number) => node.process(index % PROCESSES).pid;
  switch (action.do) {
    case 'register': {
      const key = nth(KEYS, action.key)!;
      if (scope === 'u' && registry.whereis(key) !== undefined) return;
      return registry.join(key, pid(action.process), nth(VALUES, action.value));
    }
    case 'unregister':
      return void registry.leave(nth(KEYS, action.key)!, pid(action.process));
    case 'update':
      return void registry.updateValue(
        nth(KEYS, action.key)!,
        nth(VALUES, action.value)!,
        pid(action.process),
      );
    case 'join-many': {
      if (!node.protocol.stream(scope).fits(action.count)) return;
      const pids = Array.from({ length: action.count }, (_, index) => pid(index));
      return registry.join(nth(KEYS, action.key)!, pids, nth(VALUES, action.value));
    }
    case 'churn':
      for (let index = 0; index < action.times; index += 1) {
        registry.join(`churn ${index % 7}`, pid(index), index);
        if (index % 3 === 0) registry.leave(`churn ${(index * 5) % 7}`, pid(index));
        if (index % 5 === 0) registry.updateValue(`churn ${index % 4}`, -index, pid(index + 1));
      }
  }
}

/** Returns the nodes that an action may pick: mostly those whose code can run. */
function candidatesFor(cluster: SimulatedCluster, verb: Action['do']): SimulatedNode[] {
  switch (verb) {
    case 'thaw':
      return cluster.honest.filter((node) => node.loop.isPaused);
    case 'crash':
    case 'disconnect':
      return cluster.honest;
    case 'start-namesake':
      return cluster.honest.length < 6 ? cluster.members.filter(({ isHostile }) => !isHostile) : [];
    default:
      return cluster.members.filter((node) => node.isAwake && !node.isHostile);
  }
}

function cut(
  cluster: SimulatedCluster,
  from: Server,
  to: Server,
  { known, oneWay }: Extract<Action, { do: 'cut' }>,
): void {
  if (from === to) return;
  const how = known ? 'known' : 'silent';
  cluster.broker.cut(from, to, how);
  if (!oneWay) cluster.broker.cut(to, from, how);
  cluster.updateReachability();
}

function nth<T>(list: readonly T[], index: number): T | undefined {
  return list[index % list.length];
}
