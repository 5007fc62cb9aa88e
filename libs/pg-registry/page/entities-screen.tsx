import type { JSX } from 'preact';
import type { EntityFact, EntityPage } from '../src/observer/facts';
import { count, duration } from './format';
import type { ScreenProps } from './screen';
import { Badge, Foreign, NodeChoice, Problem } from './parts';
import { linkTo, replacePlace } from './place';
import { usePolled } from './server';
import { Table } from './table';
import { useNodes } from './use-nodes';

/** The entities that live on a node. */
export function EntitiesScreen({ here, parameters }: ScreenProps): JSX.Element {
  const { node = here.node, type, after } = parameters;
  const nodes = useNodes();
  const { data, problem } = usePolled<EntityPage>('entities', { node, type, after }, 1000);
  return (
    <>
      <p class="row">
        <NodeChoice
          nodes={nodes}
          chosen={node}
          choose={(of) => replacePlace('entities', { node: of, type })}
        />
        <a
          href={linkTo('entities', { node })}
          {...(type === undefined && { 'aria-current': 'true' as const })}
        >
          All types
        </a>
        {Object.entries(data?.types ?? {}).map(([of, many]) => (
          <a
            key={of}
            href={linkTo('entities', { node, type: of })}
            {...(type === of && { 'aria-current': 'true' as const })}
          >
            <Foreign text={of} /> {count(many)}
          </a>
        ))}
        {data?.cursor !== undefined && type !== undefined && (
          <a href={linkTo('entities', { node, type, after: data.cursor })}>Next page</a>
        )}
      </p>
      <Problem text={problem} />
      <Table<EntityFact>
        label="Entities"
        rows={data?.entities ?? []}
        id={({ pid }) => pid}
        empty={data === undefined ? 'Asking the node …' : 'No entity lives there.'}
        columns={[
          { title: 'Type', show: (row) => <Foreign text={row.type} />, by: (row) => row.type },
          { title: 'Key', show: ({ keyText }) => <Foreign text={keyText} />, by: ({ keyText }) => keyText },
          {
            title: 'State',
            show: ({ state }) => <Badge look={state === 'living' ? 'good' : 'warn'}>{state}</Badge>,
            by: ({ state }) => state,
          },
          {
            title: 'Messages',
            isFigure: true,
            show: ({ messages }) => count(messages),
            by: ({ messages }) => messages,
          },
          {
            title: 'Idle for',
            isFigure: true,
            show: ({ idleMs }) => (idleMs === 0 ? '' : duration(idleMs)),
            by: ({ idleMs }) => idleMs,
          },
          { title: 'Process', show: ({ pid }) => <Foreign text={pid} /> },
        ]}
      />
    </>
  );
}
