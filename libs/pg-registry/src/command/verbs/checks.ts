import type { NodeFact, ObservedNode, ObservedScope } from '../../observer';
import { bytes } from '../output';
import type { Session } from '../session';

/** Clocks may differ so much, in milliseconds, before anybody is told. */
const MOST_SKEW_MS = 2000;
/** A stream may be so many operations behind. */
const MOST_LAG = 1000;
/** The share of a core that a node may use, and the share of the time in which its event loop may have something to do. */
const MOST_LOAD = 0.9;

/** What the checks look at: the nodes, those of them that answered, the scopes, and the connection of the command. */
export interface Examined {
  readonly nodes: readonly ObservedNode[];
  readonly facts: readonly NodeFact[];
  readonly scopes: readonly ObservedScope[];
  readonly session: Pick<Session, 'complaints' | 'server' | 'isPage'>;
}

/** One thing that can be wrong with a cluster. */
export interface Check {
  readonly name: string;
  /** Returns what is wrong, or an empty text. */
  readonly wrong: (examined: Examined) => string;
  /** What is said when nothing is wrong. */
  readonly well: string | ((examined: Examined) => string);
  /** What to do about it. */
  readonly remedy: string;
}

function named(nodes: readonly { readonly node: string }[]): string {
  return nodes.map(({ node }) => node).join(', ');
}

function percent(part: number): string {
  return `${Math.round(100 * part)} %`;
}

/** The load of a node, in words. */
function loadText({ node, cpu, loop }: NodeFact): string {
  const ofLoop = loop === undefined ? '' : `, its event loop busy ${percent(loop)} of the time`;
  return `${node}: ${percent(cpu)} of a core${ofLoop}`;
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

/** Returns the names of nodes of which more than one life is seen: by themselves, or by their peers. */
function twins(facts: readonly NodeFact[]): readonly string[] {
  const lives = new Map<string, Set<string>>();
  for (const { peers, node, incarnation } of facts)
    for (const life of [{ node, incarnation }, ...peers])
      lives.set(life.node, (lives.get(life.node) ?? new Set()).add(life.incarnation));
  return [...lives].filter(([, incarnations]) => incarnations.size > 1).map(([node]) => node);
}

/** The versions of the application, as texts. */
const applications = ({ facts }: Examined): readonly string[] =>
  distinct(facts.map(({ version }) => version || 'unknown'));

/** The ranges of the protocol's versions, as texts. */
const protocols = ({ facts }: Examined): readonly string[] =>
  distinct(facts.map(({ protocol }) => protocol.join(' to ')));

/** What doctor looks at, in the order in which it tells. */
export const CHECKS: readonly Check[] = [
  {
    name: 'broker',
    wrong: ({ session }) => session.complaints[0] ?? '',
    well: ({ session }) =>
      session.isPage
        ? `not asked: ${session.server} asks the nodes`
        : 'reached, and it permits what this command needs',
    remedy:
      'Give --name the name that the permissions are for (observerPermissionsOf), or --creds, --user and --pass.',
  },
  {
    name: 'nodes answer',
    wrong: ({ nodes }) =>
      nodes
        .filter(({ answer }) => answer !== 'ok')
        .map(({ node, answer }) => `${node}: ${answer}`)
        .join(', '),
    well: ({ nodes }) => `all ${nodes.length}`,
    remedy:
      'A node that others know and that does not answer is stuck, gone, of an earlier version, or has observer: false. Look at its log and at its event loop; restart it if its liveness probe fails.',
  },
  {
    name: 'suspicions',
    wrong: ({ nodes }) =>
      nodes
        .filter(({ suspectedBy }) => suspectedBy.length > 0)
        .map(({ node, suspectedBy }) => `${node} by ${suspectedBy.join(', ')}`)
        .join('; '),
    well: 'none',
    remedy:
      'Nodes probe it and get no answer. Is its process alive, its event loop blocked, its connection to the broker lost?',
  },
  {
    name: 'everybody knows everybody',
    wrong: ({ nodes }) =>
      nodes
        .filter(({ unknownTo }) => unknownTo.length > 0)
        .map(({ node, unknownTo }) => `${node} is unknown to ${unknownTo.join(', ')}`)
        .join('; '),
    well: 'yes',
    remedy:
      'Nodes that do not hear each other are on servers without a route between them, or the broker refuses subjects. Check the routes of the broker and the permissions (permissionsOf).',
  },
  {
    name: 'connections and names',
    wrong: ({ facts }) =>
      facts
        .filter(({ problem }) => problem !== '')
        .map(({ node, problem }) => `${node}: ${problem}`)
        .join('; '),
    well: 'no node has a problem',
    remedy:
      'The sentence is what the broker or JetStream says. For cluster names the server needs JetStream, and one trusted node the permission to make the stream (names: { create: true }).',
  },
  {
    name: 'crash detection',
    wrong: ({ facts }) => {
      const slow = facts.filter(({ crashDetection }) => crashDetection === 'silence');
      return slow.length === 0 ? '' : `only silence on ${named(slow)}`;
    },
    well: 'crashes show at once',
    remedy:
      'Something else subscribes to all subjects (a monitor, a stream over pgr.>), so the broker never says that nobody is there. End that subscription, or narrow it.',
  },
  {
    name: 'clocks',
    wrong: ({ nodes }) =>
      nodes
        .filter(({ clockSkewMs }) => Math.abs(clockSkewMs ?? 0) > MOST_SKEW_MS)
        .map(({ node, clockSkewMs }) => `${node} ${clockSkewMs} ms`)
        .join(', '),
    well: 'within two seconds',
    remedy:
      'Let NTP run on these machines. Times in journals are of different clocks until then, and of two nodes with one name the wrong one may stay.',
  },
  {
    name: 'names of nodes',
    wrong: ({ facts }) => {
      const several = twins(facts);
      return several.length === 0 ? '' : `several lives of ${several.join(', ')}`;
    },
    well: 'each is there once',
    remedy:
      'Two processes run under one name, or one was replaced a moment ago. Give every instance a name of its own (option node).',
  },
  {
    name: 'versions of the application',
    wrong: (examined) => (applications(examined).length > 1 ? applications(examined).join(', ') : ''),
    well: (examined) => applications(examined).join(', '),
    remedy: 'A deploy is under way, or one was not finished.',
  },
  {
    name: 'versions of the protocol',
    wrong: (examined) => (protocols(examined).length > 1 ? protocols(examined).join('; ') : ''),
    well: (examined) => protocols(examined).join('; '),
    remedy:
      'Nodes run different versions of this library. They talk in the oldest one until all are updated.',
  },
  {
    name: 'modes of keys',
    wrong: ({ scopes }) =>
      scopes
        .filter(({ keys }) => keys === 'mixed')
        .map(({ scope }) => scope)
        .join(', '),
    well: 'nodes agree',
    remedy: 'Nodes start the scope with different options keys. Share one definition: defineScope.',
  },
  {
    name: 'replication',
    wrong: ({ scopes }) =>
      scopes
        .filter(({ unsynced, lag }) => unsynced > 0 || lag > MOST_LAG)
        .map(({ scope }) => scope)
        .join(', '),
    well: 'all streams are in sync',
    remedy:
      'Syncs take a moment after a start. If it lasts: nestjs-pg-registry scopes shows who is behind; a peer over its limits is in the log (maxEntriesPerPeer, maxPeerBytes).',
  },
  {
    name: 'load',
    wrong: ({ facts }) => {
      // Where others need the processor, too, a node that computes all the time gets but a part of a core: its event loop tells.
      const busy = facts.filter(({ cpu, loop = 0 }) => cpu > MOST_LOAD || loop > MOST_LOAD);
      return busy.map(loadText).join('; ');
    },
    well: ({ facts }) => `heaps up to ${bytes(Math.max(0, ...facts.map(({ heapBytes }) => heapBytes)))}`,
    remedy:
      'nestjs-pg-registry top shows the handlers that run most. An event loop that is busy with little of a core waits for the processor: others on its machine have it.',
  },
];
