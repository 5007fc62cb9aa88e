import type { ObservedNode, ObservedScope } from '../../observer';
import { bytes } from '../output';
import type { Session } from '../session';
import type { Verb } from '../verb';

/** Clocks may differ so much, in milliseconds, before anybody is told. */
const MOST_SKEW_MS = 2000;
const MOST_LAG = 1000;
const MOST_CPU = 0.9;

/** Something that was looked at: what was found, and what to do if it is not well. */
export interface Finding {
  readonly check: string;
  readonly isWell: boolean;
  readonly found: string;
  readonly remedy: string;
}

function check(name: string, isWell: boolean, found: string, remedy: string): Finding {
  return { check: name, isWell, found, remedy: isWell ? '' : remedy };
}

function named(of: readonly { readonly node: string }[]): string {
  return of.map(({ node }) => node).join(', ');
}

function names(of: readonly { readonly scope: string }[]): string {
  return of.map(({ scope }) => scope).join(', ');
}

/** Looks for what is wrong with a cluster. Each check is one finding, or one for each thing that is wrong. */
export function findingsOf(
  nodes: readonly ObservedNode[],
  scopes: readonly ObservedScope[],
  { complaints, server, isPage }: Pick<Session, 'complaints' | 'server' | 'isPage'>,
): readonly Finding[] {
  const facts = nodes.flatMap(({ fact }) => (fact === undefined ? [] : [fact]));
  const silent = nodes.filter(({ answer }) => answer !== 'ok');
  const suspects = nodes.filter(({ suspectedBy }) => suspectedBy.length > 0);
  const strangers = nodes.filter(({ unknownTo }) => unknownTo.length > 0);
  const skewed = nodes.filter(({ clockSkewMs }) => Math.abs(clockSkewMs ?? 0) > MOST_SKEW_MS);
  const slow = facts.filter(({ crashDetection }) => crashDetection === 'silence');
  const troubled = facts.filter(({ problem }) => problem !== '');
  const busy = facts.filter(({ cpu }) => cpu > MOST_CPU);
  const versions = [...new Set(facts.map(({ version }) => version))];
  const protocols = [...new Set(facts.map(({ protocol }) => protocol.join(' to ')))];
  const mixed = scopes.filter(({ keys }) => keys === 'mixed');
  const unsynced = scopes.filter((scope) => scope.unsynced > 0);
  const behind = scopes.filter(({ lag }) => lag > MOST_LAG);
  const lives = new Map<string, Set<string>>();
  for (const { peers, node, incarnation } of facts)
    for (const life of [{ node, incarnation }, ...peers])
      lives.set(life.node, (lives.get(life.node) ?? new Set()).add(life.incarnation));
  const twins = [...lives].filter(([, incarnations]) => incarnations.size > 1).map(([node]) => ({ node }));
  return [
    check(
      'broker',
      complaints.length === 0,
      complaints[0] ??
        (isPage ? `not asked: ${server} asks the nodes` : 'reached, and it permits what this command needs'),
      'Give --name the name that the permissions are for (observerPermissionsOf), or --creds, --user and --pass.',
    ),
    check(
      'nodes answer',
      silent.length === 0,
      silent.length === 0
        ? `all ${nodes.length}`
        : silent.map(({ node, answer }) => `${node}: ${answer}`).join(', '),
      'A node that others know and that does not answer is stuck, gone, of an earlier version, or has observer: false. Look at its log and at its event loop; restart it if its liveness probe fails.',
    ),
    check(
      'suspicions',
      suspects.length === 0,
      suspects.length === 0
        ? 'none'
        : suspects.map(({ node, suspectedBy }) => `${node} by ${suspectedBy.join(', ')}`).join('; '),
      'Nodes probe it and get no answer. Is its process alive, its event loop blocked, its connection to the broker lost?',
    ),
    check(
      'everybody knows everybody',
      strangers.length === 0,
      strangers.length === 0
        ? 'yes'
        : strangers.map(({ node, unknownTo }) => `${node} is unknown to ${unknownTo.join(', ')}`).join('; '),
      'Nodes that do not hear each other are on servers without a route between them, or the broker refuses subjects. Check the routes of the broker and the permissions (permissionsOf).',
    ),
    check(
      'connections and names',
      troubled.length === 0,
      troubled.length === 0
        ? 'no node has a problem'
        : troubled.map(({ node, problem }) => `${node}: ${problem}`).join('; '),
      'The sentence is what the broker or JetStream says. For cluster names the server needs JetStream, and one trusted node the permission to make the stream (names: { create: true }).',
    ),
    check(
      'crash detection',
      slow.length === 0,
      slow.length === 0 ? 'crashes show at once' : `only silence on ${named(slow)}`,
      'Something else subscribes to all subjects (a monitor, a stream over pgr.>), so the broker never says that nobody is there. End that subscription, or narrow it.',
    ),
    check(
      'clocks',
      skewed.length === 0,
      skewed.length === 0
        ? 'within two seconds'
        : skewed.map(({ node, clockSkewMs }) => `${node} ${clockSkewMs} ms`).join(', '),
      'Let NTP run on these machines. Times in journals are of different clocks until then, and of two nodes with one name the wrong one may stay.',
    ),
    check(
      'names of nodes',
      twins.length === 0,
      twins.length === 0 ? 'each is there once' : `several lives of ${named(twins)}`,
      'Two processes run under one name, or one was replaced a moment ago. Give every instance a name of its own (option node).',
    ),
    check(
      'versions of the application',
      versions.length <= 1,
      versions.map((version) => version || 'unknown').join(', '),
      'A deploy is under way, or one was not finished.',
    ),
    check(
      'versions of the protocol',
      protocols.length <= 1,
      protocols.join('; '),
      'Nodes run different versions of this library. They talk in the oldest one until all are updated.',
    ),
    check(
      'modes of keys',
      mixed.length === 0,
      mixed.length === 0 ? 'nodes agree' : names(mixed),
      'Nodes start the scope with different options keys. Share one definition: defineScope.',
    ),
    check(
      'replication',
      unsynced.length === 0 && behind.length === 0,
      unsynced.length === 0 && behind.length === 0
        ? 'all streams are in sync'
        : names([...unsynced, ...behind]),
      'Syncs take a moment after a start. If it lasts: nestjs-pg-registry scopes shows who is behind; a peer over its limits is in the log (maxEntriesPerPeer, maxPeerBytes).',
    ),
    check(
      'load',
      busy.length === 0,
      busy.length === 0
        ? `heaps up to ${bytes(Math.max(0, ...facts.map(({ heapBytes }) => heapBytes)))}`
        : `over 90 % of a core on ${named(busy)}`,
      'nestjs-pg-registry top shows the handlers that run most.',
    ),
  ];
}

/** Looks for what is wrong, and says what to do. */
export const DOCTOR_VERB: Verb = {
  name: 'doctor',
  words: '',
  summary: 'looks for what is wrong, and says what to do about it',
  help: 'Checks the broker and its permissions, whether all nodes answer and know each other, JetStream, crash detection, clocks, versions, names, modes of keys, replication and load. Ends with 1 if something is not well.',
  example: 'nestjs-pg-registry doctor',
  run: async ({ facts, out, session }) => {
    const [nodes, scopes] = [await facts.nodes(), await facts.scopes()];
    const findings = findingsOf(nodes, scopes, session);
    for (const finding of findings) {
      out.either(finding, () => {
        out.line(
          `${finding.isWell ? 'ok  ' : 'BAD '} ${finding.check}: ${finding.found}`,
          finding.isWell ? 'green' : 'red',
        );
        if (!finding.isWell) out.line(`     ${finding.remedy}`);
      });
    }
    return findings.every(({ isWell }) => isWell) ? 0 : 1;
  },
};
