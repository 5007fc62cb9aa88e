import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The edges of the library: the places where code begins to run with no caller of ours up the stack, so that what it throws would end the
 * Node.js process. Each has one guard, which this table names. If you add an edge, add its guard, and a line here.
 */

/** What an edge looks like in the code. */
const KINDS = {
  'then()': /\.then\(/g,
  'finally()': /\.finally\(/g,
  void: /^\s*void /gm,
  timer:
    /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|nextTick|onPassed|setTimer|afterTurn)\((?!ms: number|fn: )/g,
  subscribe: /\.subscribe\(/g,
  listener: /\.(?:on|once|addEventListener)\(/g,
  'async callback': /\basync (?:<\w+>)?\(/g,
  hook: /\bthis\.onProcessing\w+Hook\b|\bsetOnProcessing\w+Hook\(/g,
  'client callback': /(?<=\{\s*)callback: /g,
  process: /\bprocess\.(?:on|once)\(/g,
} as const;

type Kind = keyof typeof KINDS;

const PROMISE = 'its rejection is handled';
const CLOCK = 'guardedClock of node/clock.ts';
const AWAITED = 'its caller awaits it';
const NO_CALLBACK = 'an effect or a list of ours, without a callback';
const SAFE = 'safeCallback';

const EDGES: Readonly<Record<string, Partial<Record<Kind, readonly [count: number, guard: string]>>>> = {
  'calls/call-attempt.ts': { timer: [1, CLOCK] },
  'calls/call-deadline.ts': { timer: [1, CLOCK] },
  'calls/handler-context.ts': { timer: [1, CLOCK] },
  'calls/delivery/handler-turns.ts': {
    'then()': [1, 'goes on with mailboxes, which catch what handlers throw'],
    timer: [3, 'guardedClock of node/clock.ts, or goes on with mailboxes, which catch what handlers throw'],
  },
  'calls/mailbox.ts': {
    'then()': [1, '#finish catches what others throw'],
    timer: [2, '#run catches what a handler throws, #finish catches what others throw'],
  },
  'calls/delivery/outgoing-call.ts': {
    'then()': [3, PROMISE],
    timer: [1, 'askNext() never throws'],
  },
  'calls/delivery/waiting-casts.ts': {
    void: [1, '#serve() handles every rejection; hand() and drop() catch'],
  },
  'calls/destinations/entity-routing.ts': { timer: [1, CLOCK] },
  'calls/destinations/holder-routing.ts': { timer: [1, CLOCK] },
  'calls/outgoing-calls.ts': { 'then()': [1, PROMISE] },
  'calls/calls-from-peers.ts': { timer: [1, CLOCK], 'then()': [1, 'caught; a reply does not throw'] },
  'command/main.ts': {
    void: [1, 'runCommand() never rejects'],
    timer: [1, 'ends the process of the command'],
    listener: [3, 'aborts a signal of ours, or ends the process of the command'],
    process: [2, 'aborts a signal of ours'],
  },
  'command/http/page-client.ts': {
    timer: [1, 'destroys the response, which rejects a promise of ours'],
    listener: [4, 'settles or rejects a promise of ours, and throws nothing'],
  },
  'command/open-session.ts': { 'async callback': [1, AWAITED] },
  'command/session.ts': {
    timer: [1, 'settles a promise of ours, and throws nothing'],
    subscribe: [1, SAFE],
    listener: [1, 'settles a promise of ours, and throws nothing'],
    'async callback': [1, AWAITED],
  },
  'command/verbs/cluster-verbs.ts': { 'async callback': [4, AWAITED] },
  'command/verbs/doctor-verb.ts': { 'async callback': [1, AWAITED] },
  'command/verbs/explain-verb.ts': { 'async callback': [1, AWAITED] },
  'command/verbs/process-verbs.ts': { 'async callback': [5, AWAITED] },
  'command/verbs/scope-verbs.ts': { 'async callback': [3, AWAITED] },
  'entities/arrivals.ts': { timer: [1, CLOCK] },
  'entities/entities.ts': {
    void: [1, '#begin and #offer handle every rejection'],
    timer: [1, CLOCK],
    subscribe: [1, '#onEvent catches everything'],
  },
  'entities/entity-host.ts': {
    'then()': [1, PROMISE],
    void: [1, 'a release and an end of an onProcessExit never reject'],
  },
  'entities/entity-leases.ts': {
    'then()': [1, 'release() never rejects'],
    'finally()': [1, 'release() never rejects'],
  },
  'entities/entity-service.ts': { void: [1, 'ready() never rejects'] },
  'entities/host-handlers.ts': { 'async callback': [1, 'the mailbox awaits it'] },
  'entities/host-orders.ts': { 'async callback': [1, 'the reply to an exit frame awaits it'] },
  'entities/idle-watch.ts': { timer: [1, CLOCK] },
  'entities/merges.ts': { 'async callback': [2, AWAITED], void: [1, '#meet() never rejects'] },
  'entities/settling.ts': { timer: [1, CLOCK] },
  'entities/moves.ts': { 'then()': [3, AWAITED], timer: [1, CLOCK], 'async callback': [3, AWAITED] },
  'entities/waiting-starts.ts': {
    'then()': [1, PROMISE],
    void: [3, 'release() and #claimAndStart() never reject'],
    timer: [1, CLOCK],
  },
  'calls/frames/line.ts': { timer: [2, 'guardedClock of node/clock.ts; counts, and throws nothing'] },
  'calls/frames/lines.ts': { timer: [1, CLOCK] },
  'calls/monitors/retransmissions.ts': { timer: [1, CLOCK] },
  'lifetime/abort-listeners.ts': {
    listener: [
      1,
      'ends an attempt of ours (publish reports what it throws), a wait of ours, or a process: exit() guards every listener',
    ],
  },
  'lifetime/shared-turns.ts': {
    'then()': [1, '#do catches what a step throws'],
    timer: [1, '#do catches what a step throws'],
  },
  'lifetime/time-limits.ts': { timer: [1, CLOCK] },
  'lifetime/with-timeout.ts': { 'then()': [1, AWAITED], timer: [1, CLOCK] },
  'microservice/node-connection.ts': { subscribe: [1, "RxJS: the function is the application's own"] },
  'microservice/pg-registry.client.ts': { listener: [1, "RxJS: the function is the application's own"] },
  'microservice/pg-registry.server.ts': {
    'finally()': [1, 'the mailbox awaits it'],
    listener: [1, "RxJS: the function is the application's own"],
    'async callback': [2, 'catches everything, because a hook of Nest may drop the promise'],
    hook: [5, '#answer catches what it throws or rejects with; #ended catches; handleEvent is awaited'],
  },
  'microservice/reply-reader.ts': { timer: [1, '#reply of the client'] },
  'microservice/reply-source.ts': {
    'then()': [1, 'the reply awaits it'],
    subscribe: [1, 'subscribeTo() catches what the subscription throws'],
  },
  'microservice/reply-writer.ts': {
    'finally()': [1, AWAITED],
    timer: [1, '#flush catches everything'],
    subscribe: [
      1,
      'subscribeTo() catches; RxJS calls the error callback; #flush and #abandon catch everything',
    ],
    listener: [1, '#abandon: #unsubscribe catches what the teardown throws'],
  },
  'microservice/running-handlers.ts': { 'then()': [1, PROMISE] },
  'nest/bootstrap-watch.ts': {
    'then()': [1, 'counts, and starts a timer'],
    timer: [3, 'counts, or closes the node, which never rejects'],
  },
  'nest/handlers/enhanced-handler.ts': {
    'then()': [2, 'the mailbox awaits it'],
    'async callback': [1, 'the mailbox awaits it'],
  },
  'nest/handlers/guarded-handlers.ts': { 'async callback': [2, 'the mailbox awaits it'] },
  'nest/handlers/handler-arguments.ts': { 'then()': [3, 'the mailbox awaits it'] },
  'nest/handlers/intercepted-call.ts': {
    'then()': [3, 'pass() handles its rejection, and the mailbox awaits the last one'],
    subscribe: [2, 'RxJS calls the error callback'],
  },
  'nest/registry.orchestrator.ts': {
    void: [1, 'no promise: a getter that is called for its check'],
    subscribe: [1, '#logErrors'],
  },
  'nest/handlers/unguarded-handler.ts': { 'async callback': [1, 'the mailbox awaits it'] },
  'names/cluster-names.ts': { 'async callback': [2, AWAITED] },
  'names/holders.ts': {
    timer: [1, CLOCK],
    subscribe: [1, 'look of calls/destinations/holder-routing.ts catches everything'],
  },
  'names/campaigns.ts': { void: [2, '#run() catches everything'], timer: [1, CLOCK] },
  'names/lease-driver.ts': { timer: [1, CLOCK] },
  'names/name-claims.ts': { timer: [1, CLOCK] },
  'names/singletons.ts': {
    'then()': [1, PROMISE],
    'finally()': [1, PROMISE],
    timer: [1, CLOCK],
    void: [1, 'release() never rejects'],
    listener: [1, '#depose: run() catches what hooks of the user throw'],
    'async callback': [1, 'campaigns.ts awaits it'],
  },
  'names/waiting-list.ts': { timer: [1, CLOCK] },
  'node/clock.ts': { timer: [5, 'guardedClock; one does nothing'] },
  'node/cluster-log.ts': { timer: [1, CLOCK] },
  'node/connection-channel.ts': { subscribe: [1, SAFE] },
  'node/node-components.ts': { timer: [1, CLOCK] },
  'node/node-lifecycle.ts': {
    'then()': [1, 'settled() never rejects'],
    void: [2, 'drain() and close() never reject'],
  },
  'node/inbound-backlog.ts': { timer: [3, 'guardedClock, and #step of the driver'] },
  'node/protocol-driver.ts': {
    'then()': [1, '#step; the rejection is handled'],
    timer: [3, '#step, and guardedClock'],
    subscribe: [1, SAFE],
  },
  'node/observed-node.ts': { timer: [2, CLOCK] },
  'observer/journal.ts': { timer: [1, 'it sets a field'] },
  'node/replication-waits.ts': { timer: [1, CLOCK] },
  'node/waits.ts': { timer: [1, CLOCK] },
  'observer/answers.ts': { 'then()': [2, '#later handles every rejection'] },
  'observer/cluster-facts.ts': { 'async callback': [2, AWAITED], 'finally()': [1, AWAITED] },
  'observer/node-answers.ts': { 'async callback': [2, AWAITED] },
  'observer/pg-registry-observer.ts': { 'async callback': [1, AWAITED] },
  'observer-page/event-stream.ts': {
    listener: [3, 'aborts a signal of ours or notes a time, and throws nothing'],
  },
  'observer-page/event-streams.ts': {
    'then()': [1, 'run() never rejects'],
    void: [1, 'run() never rejects'],
  },
  'observer-page/fact-routes.ts': { 'async callback': [1, AWAITED] },
  'observer-page/observer-page.ts': { 'async callback': [2, AWAITED] },
  'observer/question-port.ts': {
    timer: [1, CLOCK],
    void: [1, '#sendLater never rejects'],
    subscribe: [1, SAFE],
  },
  'process/lifecycle-hooks.ts': { timer: [1, CLOCK] },
  'process/predecessors.ts': { 'then()': [1, '#end catches everything'] },
  'process/started-processes.ts': {
    'then()': [2, PROMISE],
    'finally()': [1, '#end catches everything'],
    subscribe: [1, 'exit() never throws'],
    'async callback': [2, AWAITED],
  },
  'protocol/frame-router.ts': { subscribe: [1, NO_CALLBACK] },
  'protocol/peer-protocol.ts': { subscribe: [1, NO_CALLBACK] },
  'replication/streams.ts': { subscribe: [2, NO_CALLBACK] },
  'scope/feed.ts': { timer: [1, CLOCK] },
  'scope/locks.ts': {
    timer: [1, 'settles a promise of ours, and throws nothing'],
  },
  'scope/scope-monitors.ts': { subscribe: [1, NO_CALLBACK] },
  'scope/scope-subscription.ts': {
    timer: [1, 'none: throws on purpose, as RxJS does with an error that nobody handles'],
  },
  'testing/scope-view.ts': { subscribe: [1, 'for tests'] },
  'testing/test-cluster.ts': { timer: [1, 'for tests'] },
  'transport/local/local-connection.ts': { subscribe: [2, SAFE] },
  'transport/local/local-lease-store.ts': { timer: [1, 'settles a promise of ours, and throws nothing'] },
  'transport/local/turn-queue.ts': { timer: [1, 'every step delivers to a safeCallback'] },
  'transport/nats/connecting/nats-connector.ts': {
    'then()': [2, PROMISE],
    'finally()': [1, 'never rejects: the step before it handles both outcomes'],
    timer: [2, 'settles a promise of ours or aborts a signal of ours, and throws nothing'],
    listener: [3, 'settles a promise of ours or aborts a signal of ours, and throws nothing'],
  },
  'transport/nats/connecting/opened-sockets.ts': {
    subscribe: [1, 'Node.js: adds a socket to a Set of ours, or destroys it'],
    timer: [1, 'destroys a socket'],
  },
  'transport/nats/connecting/search-attempt.ts': {
    timer: [2, 'destroys a socket, and tells the search'],
    listener: [4, 'destroys a socket, and tells the search'],
  },
  'transport/nats/connecting/server-search.ts': {
    timer: [2, 'settles a promise of ours, or opens the next socket'],
    listener: [1, 'settles a promise of ours, and throws nothing'],
  },
  'transport/nats/connection/abandoned-attempts.ts': { 'then()': [1, PROMISE] },
  'transport/nats/connection/client-socket.ts': {
    timer: [1, 'resumes a socket, which throws nothing'],
    listener: [1, 'looks at the clock, or pauses a socket, which throws nothing'],
  },
  'transport/nats/connection/client-subscriptions.ts': {
    timer: [1, '#retry: its rejection is handled'],
    subscribe: [1, SAFE],
    'client callback': [1, SAFE],
  },
  'transport/nats/connection/needs-check.ts': {
    void: [1, 'its rejection is handled'],
    timer: [1, 'settles a promise of ours, and throws nothing'],
    subscribe: [1, SAFE],
    'async callback': [2, 'awaited, or its rejection is handled'],
  },
  'transport/nats/connection/flushes.ts': {
    'then()': [1, PROMISE],
    'finally()': [1, 'never rejects: the step before it handles both outcomes'],
  },
  'transport/nats/connection/nats-connection.ts': {
    'then()': [1, PROMISE],
    void: [1, '#followNext catches everything'],
    timer: [1, 'settles a promise of ours, and throws nothing'],
  },
  'transport/nats/connection/outgoing-bytes.ts': { 'then()': [1, 'counts, and throws nothing'] },
  'transport/nats/connection/refusals.ts': {
    'then()': [1, PROMISE],
    'finally()': [1, 'never rejects: the step before it handles both outcomes'],
  },
  'transport/nats/leases/jetstream-lease-store.ts': {
    timer: [1, SAFE],
    subscribe: [1, SAFE],
  },
  'transport/nats/leases/lease-stream.ts': {
    'finally()': [1, AWAITED],
    timer: [1, 'settles a promise of ours, and throws nothing'],
  },
  'transport/nats/nats-transport.ts': {
    'then()': [1, AWAITED],
    timer: [1, 'settles a promise of ours, and throws nothing'],
    listener: [2, 'settles a promise of ours or aborts a signal of ours, and throws nothing'],
    'async callback': [2, AWAITED],
  },
  'transport/nats/service-responder.ts': { subscribe: [1, SAFE] },
  'transport/nats/system-events.ts': {
    'then()': [1, PROMISE],
    subscribe: [1, SAFE],
    'client callback': [1, SAFE],
  },
  'transport/pending-requests.ts': { timer: [1, 'every outcome goes to a safeCallback'] },
  'transport/secret/signed-transport.ts': {
    subscribe: [1, SAFE],
    'async callback': [1, AWAITED],
  },
};

const SOURCES = __dirname;

/** Every source file, without specs and fixtures. */
function sources(): readonly string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(?:spec|fixture)\.ts$/.test(file))
    .map((file) => file.replaceAll('\\', '/'))
    .toSorted();
}

function codeOf(file: string): string {
  const text = readFileSync(join(SOURCES, file), 'utf8');
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<!:)\/\/.*$/gm, '');
}

/** `file kind ×count`, one for each kind of edge in each file. */
function edgesFound(): readonly string[] {
  return sources().flatMap((file) => {
    const code = codeOf(file);
    return Object.entries(KINDS).flatMap(([kind, pattern]) => {
      const count = [...code.matchAll(pattern)].length;
      return count === 0 ? [] : [`${file} ${kind} ×${count}`];
    });
  });
}

function edgesKnown(): readonly string[] {
  return Object.entries(EDGES).flatMap(([file, kinds]) =>
    Object.entries(kinds).map(([kind, [count]]) => `${file} ${kind} ×${count}`),
  );
}

describe('the edges of the library', () => {
  it('finds every place where an exception would end the process in the table of edges and their guards', () => {
    const [found, known] = [edgesFound(), edgesKnown()];
    expect({
      'not in the table, so perhaps without a guard': found.filter((edge) => !known.includes(edge)),
      'in the table, but not in the code': known.filter((edge) => !found.includes(edge)),
    }).toEqual({
      'not in the table, so perhaps without a guard': [],
      'in the table, but not in the code': [],
    });
  });
});
