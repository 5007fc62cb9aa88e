import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { HandlerFact, ProcessFact, ProcessPage } from '../src/observer/facts';
import { Action } from './action';
import { count, duration } from './format';
import { Call } from './key-screen';
import type { ScreenProps } from './screen';
import { Badge, Foreign, NodeChoice, Problem } from './parts';
import { linkTo, replacePlace } from './place';
import { usePolled } from './server';
import { type Column, Table } from './table';
import { useNodes } from './use-nodes';

/** The processes of a node and their handlers. */
export function ProcessesScreen({ here, parameters }: ScreenProps): JSX.Element {
  const { node = here.node, after } = parameters;
  const nodes = useNodes();
  const page = usePolled<ProcessPage>('processes', { node, after }, 1000);
  const handlers = usePolled<readonly HandlerFact[]>('handlers', { node }, 1000);
  const rates = useRates(page.data);
  const next = page.data?.cursor;
  return (
    <>
      <p class="row">
        <NodeChoice nodes={nodes} chosen={node} choose={(of) => replacePlace('processes', { node: of })} />
        {after !== undefined && <a href={linkTo('processes', { node })}>First page</a>}
        {next !== undefined && <a href={linkTo('processes', { node, after: next })}>Next page</a>}
      </p>
      <Problem text={page.problem ?? handlers.problem} />
      <Table<ProcessFact>
        label="Processes"
        rows={page.data?.processes ?? []}
        id={({ pid }) => pid}
        empty={page.data === undefined ? 'Asking the node …' : 'No processes.'}
        look={({ waiting }) => (waiting > 100 ? 'suspect' : '')}
        columns={columnsOf(here.allow, rates)}
      />
      <h2>Handlers</h2>
      <p class="quiet">Measured while somebody looks at them.</p>
      <Table<HandlerFact>
        label="Handlers"
        rows={handlers.data ?? []}
        id={({ handler }) => handler}
        empty="None has run since somebody looks."
        columns={HANDLER_COLUMNS}
      />
    </>
  );
}

interface Rates {
  readonly at: number;
  readonly handled: ReadonlyMap<string, number>;
  readonly perSecond: ReadonlyMap<string, number>;
}

/** How many messages each process handles in a second: what it has handled since the page was asked for before. */
function useRates(page: ProcessPage | undefined): ReadonlyMap<string, number> {
  const [rates, setRates] = useState<Rates>({ at: 0, handled: new Map(), perSecond: new Map() });
  useEffect(() => {
    if (page === undefined) return;
    setRates((before) => {
      const at = performance.now();
      const seconds = (at - before.at) / 1000;
      const handled = new Map(page.processes.map((process) => [process.pid, process.handled]));
      const perSecond = new Map(
        Array.from(handled, ([pid, now]) => [pid, (now - (before.handled.get(pid) ?? now)) / seconds]),
      );
      return { at, handled, perSecond };
    });
  }, [page]);
  return rates.perSecond;
}

function columnsOf(
  allow: readonly string[],
  rates: ReadonlyMap<string, number>,
): readonly Column<ProcessFact>[] {
  const rateOf = ({ pid }: ProcessFact): number => rates.get(pid) ?? 0;
  const mayAct = allow.includes('stop') || allow.includes('call');
  return [
    {
      title: 'Process',
      show: ({ pid }) => <Foreign text={pid} />,
      by: ({ pid }) => Number(pid.split('/').at(-1)),
    },
    { title: 'Class or label', show: ({ label }) => <Foreign text={label} />, by: ({ label }) => label },
    { title: 'Mailbox', isFigure: true, show: ({ waiting }) => count(waiting), by: ({ waiting }) => waiting },
    {
      title: 'In flight',
      isFigure: true,
      show: ({ running }) => count(running),
      by: ({ running }) => running,
    },
    { title: 'Rate', isFigure: true, show: (row) => `${rateOf(row).toFixed(1)} /s`, by: rateOf },
    { title: 'Handled', isFigure: true, show: ({ handled }) => count(handled), by: ({ handled }) => handled },
    {
      title: 'Longest',
      isFigure: true,
      show: ({ longestMs }) => (longestMs === undefined ? '' : duration(longestMs)),
      by: ({ longestMs = -1 }) => longestMs,
    },
    { title: 'Order', show: ({ serial }) => (serial ? 'one at a time' : 'at once') },
    ...(mayAct
      ? [
          {
            title: 'Actions',
            show: ({ pid }: ProcessFact) => (
              <span class="row">
                {allow.includes('call') && <Call pid={pid} />}
                {allow.includes('stop') && <Stop pid={pid} />}
              </span>
            ),
          },
        ]
      : []),
  ];
}

const HANDLER_COLUMNS: readonly Column<HandlerFact>[] = [
  { title: 'Handler', show: ({ handler }) => <Foreign text={handler} />, by: ({ handler }) => handler },
  { title: 'Runs', isFigure: true, show: ({ runs }) => count(runs), by: ({ runs }) => runs },
  { title: 'Rate', isFigure: true, show: ({ rate }) => `${rate.toFixed(1)} /s`, by: ({ rate }) => rate },
  { title: 'Half within', isFigure: true, show: ({ p50Ms }) => duration(p50Ms), by: ({ p50Ms }) => p50Ms },
  { title: '99 % within', isFigure: true, show: ({ p99Ms }) => duration(p99Ms), by: ({ p99Ms }) => p99Ms },
  {
    title: 'Errors',
    show: ({ errors }) =>
      Object.entries(errors).map(([code, many]) => (
        <Badge key={code} look="bad">
          <Foreign text={code} /> {count(many)}
        </Badge>
      )),
    by: ({ errors }) => Object.values(errors).reduce((sum, many) => sum + many, 0),
    isFigure: true,
  },
];

function Stop({ pid }: { readonly pid: string }): JSX.Element {
  return (
    <Action
      action="stop"
      title="Stop"
      question={
        <>
          End process <Foreign text={pid} />? Its entries go, and its callers get an error.
        </>
      }
      body={() => ({ pid })}
    />
  );
}
