import { printable, quoteText } from '../term';
import type { Asked } from './fact-source';
import type { ChangeFact, EntryFact, KeyFact } from './facts';
import type { Json } from './json-form';

/** Why a node differs from the owner of an entry. */
export type DifferenceReason =
  /** The node does not know the owner. */
  | 'cut'
  /** The node suspects the owner of being gone. */
  | 'suspect'
  /** The node waits for a sync with the owner, or is in it. */
  | 'syncing'
  /** The owner has more entries than the node accepts. */
  | 'overfull'
  /** The node has heard that operations are missing, and asks for them. */
  | 'gap'
  /** The node has not heard of the owner's last operations. */
  | 'behind'
  /** The owner does not answer: nobody else knows whether the entry is still there. */
  | 'owner-silent'
  /** The owner's node runs the scope no more, or another life of it. */
  | 'owner-gone'
  /** The node has applied all that the owner has written, and differs all the same. The next hello of the owner will show that. */
  | 'unknown';

/** One entry about which a node and its owner differ. */
export interface Difference {
  /** The node that differs. */
  readonly node: string;
  /** The node that owns the entry. */
  readonly owner: string;
  /** The entry's id. */
  readonly id: string;
  /** The node does not have it, has it although the owner has not, or has an earlier revision of it. */
  readonly kind: 'missing' | 'extra' | 'old';
  /** Why, as far as that is known. */
  readonly reason: DifferenceReason;
  /** The reason in a sentence. */
  readonly text: string;
}

/** What one node believes about a key. */
export interface Belief {
  /** Its name. */
  readonly node: string;
  /** Which life of it. */
  readonly incarnation: string;
  /** What came of asking it. */
  readonly answer: 'ok' | 'nobody' | 'silent' | 'busy' | 'malformed' | 'refused';
  /** Whether the scope runs there. */
  readonly runs: boolean;
  /** The entries that it has, by owner. */
  readonly entries: readonly EntryFact[];
  /** The number of its own last operation in the scope. */
  readonly last: number;
  /** The last operation of each owner that it has applied, by the owner's name. */
  readonly applied: Readonly<Record<string, number>>;
}

/** A change, and the node that saw it. */
export interface SeenChange extends ChangeFact {
  /** The node's name. */
  readonly seenBy: string;
}

/** What every node believes about a key, and why they differ. */
export interface Explanation {
  /** The scope. */
  readonly scope: string;
  /** The key as JSON. */
  readonly key: Json;
  /** What each node believes. */
  readonly nodes: readonly Belief[];
  /** The nodes that own entries of the key, by their own word. */
  readonly owners: readonly string[];
  /** Where nodes differ from owners. */
  readonly differences: readonly Difference[];
  /** What can be said in sentences: who holds the key, and who differs. */
  readonly findings: readonly string[];
  /** The last changes of the key that nodes remember, the latest first, each with the node that saw it. */
  readonly changes: readonly SeenChange[];
}

/** A node that was asked about a key. */
export interface KeyAnswer {
  readonly node: string;
  readonly incarnation: string;
  readonly asked: Asked;
  readonly fact: KeyFact | undefined;
}

const MOST_CHANGES = 50;
/** A `Date` is at most so many milliseconds from 1970. */
const LAST_TIME_MS = 8.64e15;

/** Compares what nodes believe about a key with what the owners of its entries say. */
export function explainKey(scope: string, key: Json, answers: readonly KeyAnswer[]): Explanation {
  const owned = new Map<string, readonly EntryFact[]>();
  for (const { node, incarnation, fact } of answers) {
    const own = fact?.entries.filter((entry) => isOf(entry, node, incarnation)) ?? [];
    if (own.length > 0) owned.set(node, own);
  }
  const differences = answers.flatMap((answer) => differencesOf(answer, answers));
  const explanation = {
    scope,
    key,
    nodes: answers.map(beliefOf),
    owners: [...owned.keys()],
    differences,
    changes: changesOf(answers),
  };
  return { ...explanation, findings: findingsOf(explanation, answers) };
}

/** The sentences of an explanation. @param answers Tells why nodes did not answer. */
function findingsOf(
  { owners, scope }: Pick<Explanation, 'owners' | 'scope'>,
  answers: readonly KeyAnswer[],
): readonly string[] {
  const running = answers.filter(({ fact }) => fact?.runs === true);
  const findings: string[] = [];
  if (running.length === 0) findings.push(`No node that answers runs scope ${quoteText(scope)}.`);
  else if (owners.length === 0) findings.push('No node that answers owns an entry of this key.');
  else if (owners.length === 1) findings.push(`Node ${quoteText(owners[0])} owns the key.`);
  else {
    const names = owners.map((owner) => quoteText(owner)).join(', ');
    findings.push(
      `${owners.length} nodes own entries of this key: ${names}. That is allowed: keys are unique within a node at most. For one holder in ` +
        'the whole cluster, use a cluster name.',
    );
  }
  for (const { node, asked, fact } of answers) {
    if (asked.type !== 'ok')
      findings.push(`Node ${quoteText(node)} did not say what it believes: ${asked.message}`);
    else if (fact?.runs === false) findings.push(`Node ${quoteText(node)} does not run the scope.`);
    const omitted = fact?.changes.find(({ type }) => type === 'omitted');
    if (omitted !== undefined)
      findings.push(
        `Of node ${quoteText(node)}, at ${timeText(omitted.at)}: ${printable(omitted.cause, 200)}. Changes of this key may be among them.`,
      );
  }
  return findings;
}

/** A time of another node, which may be any number. */
function timeText(at: number): string {
  return Math.abs(at) <= LAST_TIME_MS ? new Date(at).toISOString() : 'an unknown time';
}

function beliefOf({ node, incarnation, asked, fact }: KeyAnswer): Belief {
  return {
    node,
    incarnation,
    answer: asked.type === 'ok' && fact === undefined ? 'malformed' : asked.type,
    runs: fact?.runs ?? false,
    entries: fact?.entries ?? [],
    last: fact?.last ?? 0,
    applied: Object.fromEntries(fact?.streams.map((stream) => [stream.node, stream.applied]) ?? []),
  };
}

function changesOf(answers: readonly KeyAnswer[]): Explanation['changes'] {
  return answers
    .flatMap(({ node, fact }) => fact?.changes.map((change) => ({ ...change, seenBy: node })) ?? [])
    .toSorted((a, b) => b.at - a.at)
    .slice(0, MOST_CHANGES);
}

function isOf({ pid }: EntryFact, node: string, incarnation: string): boolean {
  return pid.startsWith(`${node}/${incarnation}/`);
}

/** Where a node differs from the owners of what it has, and of what it should have. */
function differencesOf(answer: KeyAnswer, all: readonly KeyAnswer[]): readonly Difference[] {
  const { node, fact } = answer;
  // More entries than a node shows cannot be compared one by one.
  if (fact?.runs !== true || fact.count > fact.entries.length) return [];
  const differences: Difference[] = [];
  const seen = new Set<string>();
  for (const owner of all) {
    if (owner.node === node) continue;
    const here = fact.entries.filter((entry) => isOf(entry, owner.node, owner.incarnation));
    for (const { id } of here) seen.add(id);
    const isKnown = owner.fact?.runs === true && owner.fact.count === owner.fact.entries.length;
    const theirs = owner.fact?.entries.filter((entry) => isOf(entry, owner.node, owner.incarnation)) ?? [];
    const found = isKnown ? compared(here, theirs) : here.map(silent);
    if (found.length === 0) continue;
    const { reason, text } = whyOf(answer, owner);
    for (const { id, kind } of found) differences.push({ node, owner: owner.node, id, kind, reason, text });
  }
  for (const entry of fact.entries) {
    if (seen.has(entry.id) || isOf(entry, node, answer.incarnation)) continue;
    const text = `It shows an entry of a node that nobody else knows, or of an earlier life of node ${quoteText(entry.node)}.`;
    differences.push({ node, owner: entry.node, id: entry.id, kind: 'extra', reason: 'owner-gone', text });
  }
  return differences;
}

function silent({ id }: EntryFact): Pick<Difference, 'id' | 'kind'> {
  return { id, kind: 'extra' };
}

function compared(
  here: readonly EntryFact[],
  theirs: readonly EntryFact[],
): readonly Pick<Difference, 'id' | 'kind'>[] {
  const byId = new Map(here.map((entry) => [entry.id, entry]));
  const differences: Pick<Difference, 'id' | 'kind'>[] = [];
  for (const { id, revision } of theirs) {
    const entry = byId.get(id);
    byId.delete(id);
    if (entry === undefined) differences.push({ id, kind: 'missing' });
    else if (entry.revision !== revision) differences.push({ id, kind: 'old' });
  }
  for (const id of byId.keys()) differences.push({ id, kind: 'extra' });
  return differences;
}

/** Why a node may differ from an owner: what the node itself thinks of the owner, and how far it has come. */
function whyOf({ node, fact }: KeyAnswer, owner: KeyAnswer): Pick<Difference, 'reason' | 'text'> {
  const [name, other] = [quoteText(node), quoteText(owner.node)];
  const peer = fact?.peers.find(({ incarnation }) => incarnation === owner.incarnation);
  const stream = fact?.streams.find(({ incarnation }) => incarnation === owner.incarnation);
  if (peer === undefined)
    return { reason: 'cut', text: `${name} does not know ${other}: they do not hear each other.` };
  if (peer.suspect !== false)
    return { reason: 'suspect', text: `${name} suspects ${other} of being gone (${peer.suspect}).` };
  if (owner.fact === undefined)
    return { reason: 'owner-silent', text: `${other} does not answer; ${name} does not suspect it.` };
  if (!owner.fact.runs) return { reason: 'owner-gone', text: `${other} does not run the scope any more.` };
  if (stream === undefined || stream.phase === 'queued' || stream.phase === 'walking')
    return { reason: 'syncing', text: `${name} is still fetching the entries of ${other}.` };
  if (stream.phase === 'overfull')
    return {
      reason: 'overfull',
      text: `${other} has more entries than ${name} accepts, which shows none of them.`,
    };
  const { last } = owner.fact;
  const numbers = `${name} has applied ${stream.applied} of ${last} operations of ${other}`;
  if (stream.heard > stream.applied)
    return { reason: 'gap', text: `${numbers}; it knows that some are missing, and asks for them.` };
  if (last > stream.applied) return { reason: 'behind', text: `${numbers}; it has not heard of the rest.` };
  return { reason: 'unknown', text: `${numbers}, and differs all the same.` };
}
