import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EntryFact, ObservedScope } from '../src/observer/facts';
import { EntryList, type EntryQuery } from './entry-list';
import { count, json, plural, typed } from './format';
import type { ScreenProps } from './screen';
import { Field, Foreign, KeyLink, NodeChoice, Problem } from './parts';
import { linkTo, replacePlace } from './place';
import { usePolled } from './server';

/** The height of a row in the style sheet. */
const ROW_PX = 32;
/** Rows above and below what can be seen, so that scrolling shows no gaps. */
const MORE_ROWS = 20;
/** Beyond this a browser counts pixels no more. */
const MOST_PX = 16_000_000;
const LIVE_MS = 2000;
/** A search that takes long is repeated seldom: so many times as long lies between two. */
const LIVE_PAUSES = 200;

/** The entries of a scope as one node has them: scrolled, however many there are, and searched. */
export function EntriesScreen({ here, parameters }: ScreenProps): JSX.Element {
  const { scope = 'pg', prefix = '', match = '', node: chosen = '' } = parameters;
  const scopes = usePolled<readonly ObservedScope[]>('scopes', {}, LIVE_MS);
  const fact = scopes.data?.find((one) => one.scope === scope);
  const runs = fact?.nodes ?? [];
  const node =
    chosen !== '' || fact === undefined ? chosen : runs.includes(here.node) ? here.node : (runs[0] ?? '');
  const isSearch = prefix !== '' || match !== '';
  const total = fact?.by[node]?.entries ?? 0;
  return (
    <>
      <p>
        <a href={linkTo('scopes')}>Scopes</a> › <Foreign text={scope} />, {plural(total, 'entry', 'entries')}
        {node !== '' && ` at ${node}`}
      </p>
      <Search scope={scope} prefix={prefix} match={match} node={chosen}>
        <NodeChoice
          nodes={runs}
          chosen={node}
          choose={(of) => replacePlace('entries', { scope, prefix, match, node: of })}
        />
      </Search>
      <Problem
        text={
          scopes.problem ??
          (scopes.data !== undefined && fact === undefined
            ? `No node that answers runs scope ${json(scope)}.`
            : undefined)
        }
      />
      {node !== '' && (
        <Entries query={{ scope, node, prefix, match }} expected={isSearch ? undefined : total} />
      )}
    </>
  );
}

function Search(props: {
  readonly scope: string;
  readonly prefix: string;
  readonly match: string;
  readonly node: string;
  readonly children: JSX.Element;
}): JSX.Element {
  const { scope, prefix, match, node, children } = props;
  const [problem, setProblem] = useState<string>();
  const search = (form: FormData): void => {
    const [begins, spec] = [typed(form, 'prefix'), typed(form, 'match')];
    const wrong = spec === '' ? undefined : problemOf(spec);
    setProblem(wrong);
    if (wrong === undefined) replacePlace('entries', { scope, node, prefix: begins, match: spec });
  };
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        search(new FormData(event.currentTarget));
      }}
    >
      <label>
        Key begins with <Field name="prefix" value={prefix} placeholder={'doc or ["doc"]'} />
      </label>
      <label class="wide">
        Match spec{' '}
        <Field
          name="match"
          value={match}
          placeholder={'{"key": ["doc", "$1"], "guards": [[">", "$1", 5]]}'}
        />
      </label>
      {children}
      <button type="submit">Search</button>
      <Problem text={problem} />
    </form>
  );
}

function problemOf(spec: string): string | undefined {
  try {
    JSON.parse(spec);
    return undefined;
  } catch (error) {
    return `The match spec is no JSON: ${String(error)}`;
  }
}

function Entries(props: { readonly query: EntryQuery; readonly expected: number | undefined }): JSX.Element {
  const { query, expected } = props;
  const [, setTurn] = useState(0);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [isLive, setLive] = useState(true);
  const [fresh, setFresh] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const asked = json(query);
  const list = useList(query, `${asked} ${fresh}`, () => setTurn((turn) => turn + 1));
  useEffect(() => setHeight(box.current?.clientHeight ?? 600), []);
  const first = Math.max(0, Math.floor(top / ROW_PX) - MORE_ROWS);
  const last = Math.ceil((top + height) / ROW_PX) + MORE_ROWS;
  useEffect(() => list.next.want(last), [list.next, last]);
  // At the top of a list that is complete, what changes is shown; further down it would move what somebody reads.
  const { rows, done, looked, problem, askedMs } = list.shown;
  const isSettled = top === 0 && !list.isBehind && (done || rows.length >= last);
  useEffect(() => {
    if (!isLive || !isSettled) return undefined;
    const pauseMs = Math.max(LIVE_MS, LIVE_PAUSES * askedMs);
    const timer = window.setTimeout(() => setFresh((turn) => turn + 1), pauseMs);
    return () => window.clearTimeout(timer);
  }, [isLive, isSettled, fresh]);
  const length = done ? rows.length : Math.max(rows.length, Math.min(expected ?? 0, MOST_PX / ROW_PX));
  return (
    <>
      <p class="row">
        <span role="status">{statusOf(rows.length, looked, done, expected, last > rows.length)}</span>
        <label>
          <input
            type="checkbox"
            checked={isLive}
            onChange={(event) => setLive(event.currentTarget.checked)}
          />{' '}
          Live
        </label>
      </p>
      <Problem text={problem} />
      <div
        class="entries"
        ref={box}
        role="region"
        aria-label="Entries"
        tabIndex={0}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <table aria-rowcount={length + 1}>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Node</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            <Gap rows={Math.min(first, length)} />
            {rows.slice(first, last).map((entry, at) => (
              <Row key={entry.id} entry={entry} scope={query.scope} index={first + at + 2} />
            ))}
            <Gap rows={Math.max(0, length - Math.min(last, rows.length))} />
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The list of a query. While a new one of the same query has nothing yet, the one before is shown. */
function useList(
  query: EntryQuery,
  asked: string,
  changed: () => void,
): { readonly next: EntryList; readonly shown: EntryList; readonly isBehind: boolean } {
  const before = useRef<{ readonly list: EntryList; readonly of: string } | undefined>(undefined);
  const of = json(query);
  const next = useMemo(() => new EntryList(query, changed), [asked]);
  useEffect(() => () => next.close(), [next]);
  const hasNews = next.rows.length > 0 || next.done;
  if (hasNews) before.current = { list: next, of };
  const shown = !hasNews && before.current?.of === of ? before.current.list : next;
  return { next, shown, isBehind: shown !== next };
}

function statusOf(
  found: number,
  looked: number,
  done: boolean,
  expected: number | undefined,
  wantsMore: boolean,
): string {
  if (expected === undefined) {
    const so = `${plural(found, 'entry', 'entries')} found`;
    return done
      ? `${so}.`
      : `${so} so far, ${count(looked)} looked at${wantsMore ? ' …' : '; scroll for more'}.`;
  }
  return done || !wantsMore
    ? `${count(found)} of ${count(Math.max(expected, found))} loaded.`
    : `Loading: ${count(found)} of ${count(Math.max(expected, found))} …`;
}

/** The room of rows that are not in the document. */
function Gap({ rows }: { readonly rows: number }): JSX.Element {
  return (
    <tr aria-hidden="true">
      <td class="gap" colSpan={3} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  );
}

function Row(props: {
  readonly entry: EntryFact;
  readonly scope: string;
  readonly index: number;
}): JSX.Element {
  const { entry, scope, index } = props;
  return (
    <tr aria-rowindex={index}>
      <td>
        <KeyLink scope={scope} jsonKey={entry.key} text={entry.keyText} />
      </td>
      <td>
        <Foreign text={entry.node} />
      </td>
      <td>
        <code>
          <Foreign text={json(entry.value)} />
        </code>
      </td>
    </tr>
  );
}
