import type { JSX } from 'preact';
import type { Belief, Difference, Explanation } from '../src/observer/explain';
import type { ObservedScope } from '../src/observer/facts';
import { Changes } from './changes';
import { json, plural, typed } from './format';
import type { ScreenProps } from './screen';
import { Badge, Field, Foreign, Problem } from './parts';
import { linkTo } from './place';
import { usePolled } from './server';
import { Table } from './table';

/** What every node believes about a key, and why they differ. */
export function ExplainScreen({ parameters }: ScreenProps): JSX.Element {
  const { scope = 'pg', key = '' } = parameters;
  const scopes = usePolled<readonly ObservedScope[]>('scopes', {}, 10_000);
  const { data, problem } = usePolled<Explanation>(key === '' ? undefined : 'explain', { scope, key }, 2000);
  return (
    <>
      <form
        class="search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          location.hash = linkTo('explain', {
            scope: typed(form, 'scope'),
            key: typed(form, 'key'),
          });
        }}
      >
        <label>
          Scope <Field name="scope" list="scopes" value={scope} required />
        </label>
        <datalist id="scopes">
          {scopes.data?.map((each) => (
            <option key={each.scope} value={each.scope} />
          ))}
        </datalist>
        <label class="wide">
          Key <Field name="key" value={key} placeholder={'leader or ["doc", 7]'} required />
        </label>
        <button type="submit">Explain</button>
      </form>
      <Problem text={problem} />
      {key !== '' && data === undefined && problem === undefined && <p class="quiet">Asking every node …</p>}
      {data !== undefined && <Explained explanation={data} />}
    </>
  );
}

function Explained({ explanation }: { readonly explanation: Explanation }): JSX.Element {
  const { nodes, differences, findings, owners, changes } = explanation;
  return (
    <>
      <div role="status">
        <ul>
          {findings.map((finding) => (
            <li key={finding}>
              <Foreign text={finding} />
            </li>
          ))}
          <li>
            {differences.length === 0
              ? 'All nodes that answer agree with the owners.'
              : `${plural(differences.length, 'difference')} between nodes and owners.`}
          </li>
        </ul>
      </div>
      {differences.length > 0 && <Differences differences={differences} />}
      <h2>What each node has</h2>
      <Table<Belief>
        label="Beliefs"
        rows={nodes}
        id={({ node }) => node}
        empty="No node answers."
        look={({ node }) => (differences.some((difference) => difference.node === node) ? 'suspect' : '')}
        columns={[
          { title: 'Node', show: ({ node }) => <Foreign text={node} />, by: ({ node }) => node },
          {
            title: 'Stands',
            show: (belief) => <Standing belief={belief} owners={owners} differences={differences} />,
          },
          {
            title: 'Entries',
            show: ({ entries }) =>
              entries.map(({ id, node, value, revision }) => (
                <div key={id}>
                  <Foreign text={node} />, revision {revision}:{' '}
                  <code>
                    <Foreign text={json(value)} />
                  </code>
                </div>
              )),
          },
          { title: 'Own last operation', isFigure: true, show: ({ last }) => last },
          {
            title: 'Applied of others',
            show: ({ applied }) => (
              <Foreign
                text={Object.entries(applied)
                  .map(([node, number]) => `${node} ${number}`)
                  .join(', ')}
              />
            ),
          },
        ]}
      />
      <h2>Last changes, as nodes saw them</h2>
      <Changes label="Changes of the key" changes={changes} empty="No node remembers any." />
    </>
  );
}

function Standing(props: {
  readonly belief: Belief;
  readonly owners: readonly string[];
  readonly differences: readonly Difference[];
}): JSX.Element {
  const { belief, owners, differences } = props;
  if (belief.answer !== 'ok') return <Badge look="bad">{belief.answer}</Badge>;
  if (!belief.runs) return <Badge look="plain">does not run the scope</Badge>;
  if (differences.some(({ node }) => node === belief.node)) return <Badge look="bad">differs</Badge>;
  return <Badge look="good">{owners.includes(belief.node) ? 'owner' : 'agrees'}</Badge>;
}

function Differences({ differences }: { readonly differences: readonly Difference[] }): JSX.Element {
  return (
    <>
      <h2>Where they differ</h2>
      <Table<Difference>
        label="Differences"
        rows={differences}
        id={({ node, id, kind }) => `${node} ${id} ${kind}`}
        empty=""
        columns={[
          { title: 'Node', show: ({ node }) => <Foreign text={node} /> },
          { title: 'Owner', show: ({ owner }) => <Foreign text={owner} /> },
          { title: 'Entry', show: ({ id }) => <Foreign text={id} /> },
          { title: 'What', show: ({ kind }) => <Badge look="bad">{kind}</Badge> },
          { title: 'Why', show: ({ reason, text }) => <Foreign text={`${reason}: ${text}`} /> },
        ]}
      />
    </>
  );
}
