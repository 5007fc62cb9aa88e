import type { JSX } from 'preact';
import type { EntryFact, NodeKeyFact } from '../src/observer/facts';
import { Action } from './action';
import { Changes } from './changes';
import { json, plural, typed } from './format';
import type { ScreenProps } from './screen';
import { Foreign, Problem } from './parts';
import { linkTo } from './place';
import { usePolled } from './server';

/** Everything a node knows of one key. */
export function KeyScreen({ here, parameters }: ScreenProps): JSX.Element {
  const { scope = 'pg', key = '', node } = parameters;
  const { data, problem } = usePolled<NodeKeyFact>('key', { scope, key, node }, 1000);
  return (
    <>
      <p>
        <a href={linkTo('scopes')}>Scopes</a> › <a href={linkTo('entries', { scope })}>{scope}</a> ›{' '}
        <code>
          <Foreign text={key} />
        </code>
      </p>
      <Problem text={problem} />
      <p class="row">
        <a href={linkTo('explain', { scope, key })}>What does every node believe?</a>
        <a href={linkTo('events', { scope, key })}>Follow its events</a>
      </p>
      {data !== undefined && (
        <>
          <h2>
            {plural(data.count, 'entry', 'entries')}, as {data.node} has them
          </h2>
          {!data.runs && <p>The scope does not run there.</p>}
          {data.entries.map((entry) => (
            <Entry key={entry.id} entry={entry} scope={scope} mayCall={here.allow.includes('call')} />
          ))}
          {data.count > data.entries.length && <p>The others are not shown.</p>}
          <h2>Its last changes</h2>
          <Changes
            label="Changes of the key"
            changes={data.changes}
            empty={data.journal === 0 ? 'The journal of this node is off.' : 'This node remembers none.'}
          />
        </>
      )}
    </>
  );
}

function Entry(props: {
  readonly entry: EntryFact;
  readonly scope: string;
  readonly mayCall: boolean;
}): JSX.Element {
  const { entry, mayCall } = props;
  return (
    <section class="card" aria-label={`Entry ${entry.id}`}>
      <dl>
        <dt>Owner</dt>
        <dd>
          <Foreign text={entry.node} />
        </dd>
        <dt>Process</dt>
        <dd>
          <Foreign text={entry.pid} />
        </dd>
        <dt>Entry</dt>
        <dd>
          <Foreign text={entry.id} />, last touched by operation {entry.revision} of its owner
        </dd>
      </dl>
      <pre tabIndex={0} aria-label="Value">
        {JSON.stringify(entry.value, undefined, 2)}
      </pre>
      {mayCall && <Call pid={entry.pid} />}
    </section>
  );
}

/** Lets a process be called. */
export function Call({ pid }: { readonly pid: string }): JSX.Element {
  return (
    <Action
      action="call"
      title="Call"
      question={
        <>
          Call <Foreign text={pid} />? Its handler runs as for any other caller.
        </>
      }
      body={(form) => {
        const payload = typed(form, 'payload');
        return {
          to: pid,
          name: typed(form, 'name'),
          ...(payload !== '' && { payload: JSON.parse(payload) as unknown }),
        };
      }}
    >
      <label>
        Handler <input name="name" required autocomplete="off" />
      </label>
      <label>
        Payload as JSON <input name="payload" placeholder={json({ any: 'value' })} autocomplete="off" />
      </label>
    </Action>
  );
}
