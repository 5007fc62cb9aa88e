import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { NameFact } from '../src/observer/facts';
import { count, duration, json, typed } from './format';
import type { ScreenProps } from './screen';
import { Field, Foreign, Problem } from './parts';
import { replacePlace } from './place';
import { ask, messageOf, usePolled } from './server';
import { Table } from './table';

/** Cluster names and who holds them. */
export function NamesScreen({ parameters }: ScreenProps): JSX.Element {
  const { prefix = '' } = parameters;
  const { data, problem } = usePolled<readonly NameFact[]>('names', { prefix }, 1000);
  return (
    <>
      <form
        class="search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          replacePlace('names', {
            prefix: typed(new FormData(event.currentTarget), 'prefix'),
          });
        }}
      >
        <label>
          Name begins with <Field name="prefix" value={prefix} placeholder={'["doc"]'} />
        </label>
        <button type="submit">Search</button>
      </form>
      <Problem text={problem} />
      <Table<NameFact>
        label="Cluster names"
        rows={data ?? []}
        id={({ key }) => json(key)}
        empty={data === undefined ? 'Asking the nodes …' : 'No node has heard of a cluster name.'}
        columns={[
          { title: 'Name', show: ({ keyText }) => <Foreign text={keyText} />, by: ({ keyText }) => keyText },
          { title: 'Held by', show: ({ node }) => <Foreign text={node} />, by: ({ node }) => node },
          { title: 'Token', isFigure: true, show: ({ token }) => count(token), by: ({ token }) => token },
          {
            title: 'Published',
            show: ({ value }) => (
              <code>
                <Foreign text={json(value)} />
              </code>
            ),
          },
          { title: 'Process', show: ({ pid }) => <Foreign text={pid} /> },
          { title: 'Store', show: ({ key }) => <StoreAnswer name={json(key)} /> },
        ]}
      />
      {data?.length === 500 && <p class="quiet">Only the first 500 are shown.</p>}
    </>
  );
}

/** Asks the store who holds a name: what nodes have heard may be late. */
function StoreAnswer({ name }: { readonly name: string }): JSX.Element {
  const [answer, setAnswer] = useState('');
  const look = async (): Promise<void> => {
    try {
      const fact = await ask<NameFact | null>('name', { key: name });
      const ends =
        fact?.expiresInMs === undefined ? '' : `, ends in ${duration(fact.expiresInMs)} unless renewed`;
      setAnswer(
        fact === null ? 'Nobody holds it.' : `${fact.node} holds it with token ${fact.token}${ends}.`,
      );
    } catch (error) {
      setAnswer(messageOf(error));
    }
  };
  return (
    <>
      <button type="button" aria-label={`Ask the store about ${name}`} onClick={() => void look()}>
        Ask
      </button>{' '}
      <span role="status">
        <Foreign text={answer} />
      </span>
    </>
  );
}
