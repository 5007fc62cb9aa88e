import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { ChangeFact, ObservedNode } from '../src/observer/facts';
import { Action } from './action';
import { type Departed, departedOf, standingOf } from './departed';
import { bytes, count, duration, percent, timeOfDay } from './format';
import { ClusterMap } from './map';
import type { ScreenProps } from './screen';
import { Badge, Foreign, Problem } from './parts';
import { linkTo } from './place';
import { usePolled } from './server';
import { type Column, Table } from './table';

const CHANGES_EVERY_MS = 1000;
/** Every node is asked: with both each second, the page takes its server more than 1 % of a core. */
const NODES_EVERY_MS = 2000;
const LOOKS = { ready: 'good', draining: 'warn', starting: 'warn', suspect: 'bad', silent: 'bad' } as const;

type Row = ObservedNode | Departed;

/** The nodes, what they say of themselves and of each other, and what happened to them. */
export function ClusterScreen({ here }: ScreenProps): JSX.Element {
  const nodes = usePolled<readonly ObservedNode[]>('nodes', {}, NODES_EVERY_MS);
  const changes = usePolled<readonly ChangeFact[]>(
    'changes',
    { node: here.node, limit: 50 },
    CHANGES_EVERY_MS,
  );
  const departed = useDeparted(nodes.data);
  return (
    <>
      <Problem text={nodes.problem ?? changes.problem} />
      <div class="side-by-side">
        <ClusterMap nodes={nodes.data ?? []} departed={departed} />
        <Timeline changes={changes.data ?? []} node={here.node} />
      </div>
      <Table<Row>
        label="Nodes"
        columns={columnsOf(here.allow.includes('drain'))}
        rows={[...(nodes.data ?? []), ...departed]}
        id={({ node, incarnation }) => `${node} ${incarnation}`}
        empty={nodes.data === undefined ? 'Asking the nodes …' : 'No node answers.'}
        look={(row) => ('at' in row ? 'gone' : standingOf(row))}
      />
    </>
  );
}

/** Remembers which nodes have gone while somebody looked. */
function useDeparted(nodes: readonly ObservedNode[] | undefined): readonly Departed[] {
  const seen = useRef<{ last: readonly ObservedNode[]; departed: readonly Departed[] }>({
    last: [],
    departed: [],
  });
  if (nodes !== undefined && nodes !== seen.current.last) {
    const { last, departed } = seen.current;
    seen.current = { last: nodes, departed: departedOf(departed, last, nodes, Date.now()) };
  }
  return seen.current.departed;
}

function Timeline(props: { readonly changes: readonly ChangeFact[]; readonly node: string }): JSX.Element {
  return (
    <section class="timeline" aria-labelledby="timeline">
      <h2 id="timeline">What happened, as {props.node} saw it</h2>
      {props.changes.length === 0 && <p class="quiet">Nothing since it started.</p>}
      <ol tabIndex={0} aria-labelledby="timeline">
        {props.changes.map(({ number, at, type, node, cause }) => (
          <li key={number}>
            <time>{timeOfDay(at)}</time>{' '}
            <span>
              <Foreign text={node} /> {saidOf(type)}
              {cause !== '' && `: ${cause}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const SAID: Readonly<Record<string, string>> = {
  'peer-up': 'joined',
  'peer-suspect': 'is suspected',
  'peer-recovered': 'is well again',
  'peer-removed': 'was removed',
  'peer-draining': 'drains',
  'peer-rejected': 'was rejected',
};

function saidOf(type: string): string {
  return SAID[type] ?? type.replaceAll('-', ' ');
}

/** A column about what a node says of itself; empty for those that say nothing. */
function fact(
  title: string,
  of: (fact: NonNullable<ObservedNode['fact']>) => number,
  show: (value: number) => string = count,
): Column<Row> {
  const factIn = (row: Row): ObservedNode['fact'] => ('fact' in row ? row.fact : undefined);
  return {
    title,
    isFigure: true,
    show: (row) => {
      const known = factIn(row);
      return known === undefined ? '' : show(of(known));
    },
    by: (row) => {
      const known = factIn(row);
      return known === undefined ? -1 : of(known);
    },
  };
}

function columnsOf(mayDrain: boolean): readonly Column<Row>[] {
  return [
    {
      title: 'Node',
      show: ({ node }) => (
        <a href={linkTo('processes', { node })}>
          <Foreign text={node} />
        </a>
      ),
      by: ({ node }) => node,
    },
    {
      title: 'State',
      show: (row) => <State row={row} />,
      by: (row) => ('at' in row ? 'gone' : standingOf(row)),
    },
    {
      title: 'Version',
      show: (row) => ('fact' in row ? <Foreign text={row.fact?.version ?? ''} /> : ''),
      by: (row) => ('fact' in row ? (row.fact?.version ?? '') : ''),
    },
    fact('Processor', ({ cpu }) => cpu, percent),
    fact('Heap', ({ heapBytes }) => heapBytes, bytes),
    fact('Processes', ({ processes }) => processes),
    fact('In flight', ({ inFlight }) => inFlight),
    fact('Entities', ({ entities }) => entities),
    fact('Names', ({ names }) => names),
    fact('Peers', ({ peers }) => peers.length),
    {
      title: 'Watches',
      show: (row) => ('fact' in row ? <Foreign text={row.fact?.watches.join(', ') ?? ''} /> : ''),
    },
    {
      title: 'Round trip',
      isFigure: true,
      show: (row) => ('roundTripMs' in row && row.roundTripMs !== undefined ? duration(row.roundTripMs) : ''),
      by: (row) => ('roundTripMs' in row ? (row.roundTripMs ?? -1) : -1),
    },
    {
      title: 'Clock',
      isFigure: true,
      show: (row) => ('clockSkewMs' in row && row.clockSkewMs !== undefined ? skew(row.clockSkewMs) : ''),
      by: (row) => ('clockSkewMs' in row ? Math.abs(row.clockSkewMs ?? 0) : 0),
    },
    fact('Up', ({ clock, startedAt }) => clock - startedAt, duration),
    {
      title: 'Server',
      show: (row) => ('fact' in row ? <span class="line">{row.fact?.server ?? ''}</span> : ''),
    },
    ...(mayDrain ? [{ title: 'Actions', show: (row: Row) => <Drain row={row} /> }] : []),
  ];
}

/** Below the round trip, a clock is as good as any other. */
function skew(ms: number): string {
  return Math.abs(ms) < 50 ? 'same' : `${ms > 0 ? '+' : '−'}${duration(Math.abs(ms))}`;
}

function State({ row }: { readonly row: Row }): JSX.Element {
  if ('at' in row) return <Badge look="plain">gone</Badge>;
  const standing = standingOf(row);
  const { suspectedBy, unknownTo, fact: says, answer } = row;
  const notes = [
    ...(suspectedBy.length > 0 ? [`suspected by ${suspectedBy.join(', ')}`] : []),
    ...(unknownTo.length > 0 ? [`unknown to ${unknownTo.join(', ')}`] : []),
    ...(says === undefined && answer !== 'ok' ? [`answer: ${answer}`] : []),
    ...(says !== undefined && says.problem !== '' ? [says.problem] : []),
  ];
  return (
    <>
      <Badge look={LOOKS[standing]}>{standing === 'starting' ? (says?.state ?? standing) : standing}</Badge>
      {notes.length > 0 && (
        <span class="note">
          <Foreign text={notes.join('; ')} />
        </span>
      )}
    </>
  );
}

function Drain({ row }: { readonly row: Row }): JSX.Element {
  if ('at' in row) return <></>;
  const { node } = row;
  return (
    <Action
      action="drain"
      title="Drain"
      question={
        <>
          Drain <Foreign text={node} />? It gives away what it holds and takes no new calls. It cannot be
          undone.
        </>
      }
      body={() => ({ node })}
    />
  );
}
