import type { Server } from './broker';
import { PROCESSES, SCOPE_NAMES, type SimulatedNode } from './simulated-node';
import { type Deed, KEYS, VALUES } from './step';
import type { World } from './world';

/** Does what a deed says, as far as it can be done now: a deed of which the object is missing does nothing. */
export function perform(world: World, deed: Deed): void {
  if ('node' in deed) {
    const node = nth(candidatesFor(world, deed.do), deed.node);
    if (node !== undefined) performAt(world, node, deed);
    return;
  }
  const { servers } = world.broker;
  switch (deed.do) {
    case 'start': {
      const free = world.setting.names.filter((name) => !world.running.some((node) => node.name === name));
      const name = nth(free, deed.name);
      if (name !== undefined) world.start(name, nth(servers, deed.server)!, deed.clockMs);
      return;
    }
    case 'kill-server':
      return world.killServer(nth(servers, deed.server)!, deed.downMs);
    case 'cut':
      return cut(world, nth(servers, deed.from)!, nth(servers, deed.to)!, deed);
    case 'heal':
      world.broker.heal();
      return world.survey();
    case 'weather':
      world.broker.weather = deed;
      return world.survey();
    case 'wait':
      return world.advance(deed.ms);
    case 'attack': {
      const victim = nth(world.faithful, deed.victim);
      return victim === undefined ? undefined : world.attack(deed.how, victim.name, deed.clockMs);
    }
  }
}

function performAt(world: World, node: SimulatedNode, deed: Extract<Deed, { readonly node: number }>): void {
  switch (deed.do) {
    case 'register':
    case 'unregister':
    case 'update':
    case 'join-many':
    case 'churn':
    case 'exit':
      return write(node, deed);
    case 'stop-scope':
      return world.stopScope(node, nth(SCOPE_NAMES, deed.scope)!);
    case 'start-scope':
      return world.startScope(node, nth(SCOPE_NAMES, deed.scope)!);
    case 'restart-scope': {
      const scope = nth(SCOPE_NAMES, deed.scope)!;
      world.stopScope(node, scope);
      return world.startScope(node, scope);
    }
    case 'subscribe':
      return world.judge.subscribe(node, nth(SCOPE_NAMES, deed.scope)!);
    case 'replicated': {
      const scope = nth(SCOPE_NAMES, deed.scope)!;
      if (node.tableOf(scope) === undefined) return;
      return node.replicated(scope, deed.timeoutMs, (id) => world.judge.promised(node, scope, id));
    }
    case 'double':
      return void world.start(node.name, nth(world.broker.servers, deed.server)!, deed.clockMs);
    case 'crash':
      return world.crash(node, deed.unnoticedMs);
    case 'leave':
      return world.leave(node);
    case 'drain':
      return node.drain();
    case 'freeze':
      return world.freeze(node);
    case 'thaw':
      return world.thaw(node);
    case 'disconnect':
      return world.disconnect(node, 'line', deed.awayMs, deed.noticeMs, deed.lingerMs);
  }
}

type Write = Extract<
  Deed,
  { readonly do: 'register' | 'unregister' | 'update' | 'join-many' | 'churn' | 'exit' }
>;

function write(node: SimulatedNode, deed: Write): void {
  if (deed.do === 'exit') return node.process(deed.process % PROCESSES).exit('done');
  const scope = 'scope' in deed ? nth(SCOPE_NAMES, deed.scope)! : 's';
  if (node.tableOf(scope) === undefined) return;
  const registry = node.scopes.service(scope);
  const pid = (index: number) => node.process(index % PROCESSES).pid;
  switch (deed.do) {
    case 'register': {
      const key = nth(KEYS, deed.key)!;
      if (scope === 'u' && registry.whereis(key) !== undefined) return;
      return registry.join(key, pid(deed.process), nth(VALUES, deed.value));
    }
    case 'unregister':
      return void registry.leave(nth(KEYS, deed.key)!, pid(deed.process));
    case 'update':
      return void registry.updateValue(nth(KEYS, deed.key)!, nth(VALUES, deed.value)!, pid(deed.process));
    case 'join-many': {
      if (!node.protocol.stream(scope).fits(deed.count)) return;
      const pids = Array.from({ length: deed.count }, (_, index) => pid(index));
      return registry.join(nth(KEYS, deed.key)!, pids, nth(VALUES, deed.value));
    }
    case 'churn':
      for (let index = 0; index < deed.times; index += 1) {
        registry.join(`churn ${index % 7}`, pid(index), index);
        if (index % 3 === 0) registry.leave(`churn ${(index * 5) % 7}`, pid(index));
        if (index % 5 === 0) registry.updateValue(`churn ${index % 4}`, -index, pid(index + 1));
      }
  }
}

/** Which nodes a deed may concern: mostly those whose code can run. */
function candidatesFor(world: World, verb: Deed['do']): SimulatedNode[] {
  switch (verb) {
    case 'thaw':
      return world.faithful.filter((node) => node.turn.standsStill);
    case 'crash':
    case 'disconnect':
      return world.faithful;
    case 'double':
      return world.faithful.length < 6 ? world.members.filter(({ isHostile }) => !isHostile) : [];
    default:
      return world.members.filter((node) => node.isAwake && !node.isHostile);
  }
}

function cut(world: World, from: Server, to: Server, { known, oneWay }: Extract<Deed, { do: 'cut' }>): void {
  if (from === to) return;
  const how = known ? 'known' : 'silent';
  world.broker.cut(from, to, how);
  if (!oneWay) world.broker.cut(to, from, how);
  world.survey();
}

function nth<T>(list: readonly T[], index: number): T | undefined {
  return list[index % list.length];
}
