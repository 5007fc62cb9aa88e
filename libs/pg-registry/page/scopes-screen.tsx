import type { JSX } from 'preact';
import type { ObservedScope } from '../src/observer/facts';
import { count, plural } from './format';
import type { ScreenProps } from './screen';
import { Badge, Foreign, Problem } from './parts';
import { linkTo } from './place';
import { usePolled } from './server';
import { Table } from './table';

/** All scopes of the cluster. */
export function ScopesScreen(_props: ScreenProps): JSX.Element {
  const { data, problem } = usePolled<readonly ObservedScope[]>('scopes', {}, 2000);
  return (
    <>
      <Problem text={problem} />
      <Table<ObservedScope>
        label="Scopes"
        rows={data ?? []}
        id={({ scope }) => scope}
        empty={data === undefined ? 'Asking the nodes …' : 'No node runs a scope.'}
        columns={[
          {
            title: 'Scope',
            show: ({ scope }) => (
              <a href={linkTo('entries', { scope })}>
                <Foreign text={scope} />
              </a>
            ),
            by: ({ scope }) => scope,
          },
          {
            title: 'Entries',
            isFigure: true,
            show: ({ entries }) => count(entries),
            by: ({ entries }) => entries,
          },
          { title: 'Keys', show: ({ keys }) => (keys === 'mixed' ? <Badge look="bad">mixed</Badge> : keys) },
          {
            title: 'Nodes',
            isFigure: true,
            show: ({ nodes }) => <span title={nodes.join(', ')}>{count(nodes.length)}</span>,
            by: ({ nodes }) => nodes.length,
          },
          {
            title: 'In sync',
            show: ({ unsynced }) =>
              unsynced === 0 ? (
                <Badge look="good">yes</Badge>
              ) : (
                <Badge look="warn">{plural(unsynced, 'stream')} not</Badge>
              ),
            by: ({ unsynced }) => unsynced,
          },
          {
            title: 'Behind',
            isFigure: true,
            show: ({ lag }) => plural(lag, 'operation'),
            by: ({ lag }) => lag,
          },
        ]}
      />
    </>
  );
}
