import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChangeFact } from '../src/observer/facts';
import { Changes } from './changes';
import { EventLog, type EventMessage } from './event-log';
import { count } from './format';
import type { ScreenProps } from './screen';
import { Field, NodeChoice, Problem } from './parts';
import { replacePlace } from './place';
import { addressOf } from './server';
import { useNodes } from './use-nodes';

/** After a stream that the server ended for good. */
const AGAIN_MS = 2000;

/** What happens at a node, as it happens. */
export function EventsScreen({ here, parameters }: ScreenProps): JSX.Element {
  const { node = here.node, scope, key } = parameters;
  const nodes = useNodes();
  const [isPaused, setPaused] = useState(false);
  const [filter, setFilter] = useState('');
  const address = addressOf('events', { node, scope, key });
  const { log, state } = useEvents(address);
  // What was kept is of another stream.
  useEffect(() => setPaused(false), [address]);
  const kept = useRef<readonly ChangeFact[]>([]);
  if (!isPaused) kept.current = log.shown;
  const shown = kept.current.filter((event) => isWanted(event, filter.toLowerCase()));
  const { perSecond, isSample } = log.rate(performance.now());
  return (
    <>
      <form class="search" onSubmit={(event) => event.preventDefault()}>
        <NodeChoice
          nodes={nodes}
          chosen={node}
          choose={(of) => replacePlace('events', { node: of, scope, key })}
        />
        <label>
          Scope{' '}
          <Field
            value={scope ?? ''}
            placeholder="every scope"
            onChange={(event) => replacePlace('events', { node, scope: event.currentTarget.value, key: '' })}
          />
        </label>
        <label>
          Show only what has{' '}
          <input
            value={filter}
            placeholder="a key, a node, join …"
            autocomplete="off"
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </label>
        <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      </form>
      <Problem text={state === 'open' ? undefined : state} />
      <p class="row">
        <span>
          {count(log.total)} events, {count(perSecond)} in a second.
        </span>
        <span role="status">{isSample ? 'There are too many to show: this is a sample.' : ''}</span>
        {log.skipped > 0 && <span class="quiet">{count(log.skipped)} were not shown.</span>}
      </p>
      <Changes label="Events" changes={shown} empty={isPaused ? 'Paused.' : 'Nothing yet.'} />
    </>
  );
}

function isWanted({ type, keyText, node, cause, scope }: ChangeFact, filter: string): boolean {
  return filter === '' || `${type} ${keyText} ${node} ${cause} ${scope}`.toLowerCase().includes(filter);
}

/** Follows a stream. The page is drawn anew at most five times a second: so often the server sends. */
function useEvents(address: string): { readonly log: EventLog; readonly state: string } {
  const [state, setState] = useState('Connecting …');
  const [, setTurn] = useState(0);
  const log = useRef(new EventLog());
  useEffect(() => {
    log.current = new EventLog();
    let source: EventSource;
    let timer = 0;
    const open = (): void => {
      source = new EventSource(address);
      source.addEventListener('begin', () => setState('open'));
      source.addEventListener('events', ({ data }) => {
        log.current.add(JSON.parse(String(data)) as EventMessage, performance.now());
        setTurn((turn) => turn + 1);
      });
      source.addEventListener('failed', ({ data }) =>
        setState((JSON.parse(String(data)) as { readonly message: string }).message),
      );
      source.addEventListener('error', () => {
        setState('The stream ended. Connecting again; what happens until then is not shown.');
        if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_MS);
      });
    };
    open();
    // The rate falls although nothing arrives.
    const clock = window.setInterval(() => setTurn((turn) => turn + 1), 1000);
    return () => {
      source.close();
      window.clearTimeout(timer);
      window.clearInterval(clock);
    };
  }, [address]);
  return { log: log.current, state };
}
