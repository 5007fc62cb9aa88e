import { type JSX, render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ClusterScreen } from './cluster-screen';
import { EntitiesScreen } from './entities-screen';
import { EntriesScreen } from './entries-screen';
import { EventsScreen } from './events-screen';
import { ExplainScreen } from './explain-screen';
import { KeyScreen } from './key-screen';
import { NamesScreen } from './names-screen';
import { Problem } from './parts';
import { linkTo } from './place';
import { ProcessesScreen } from './processes-screen';
import type { Here, Screen } from './screen';
import { ScopesScreen } from './scopes-screen';
import { usePolled } from './server';
import { usePlace } from './use-place';

const SCREENS: Readonly<Record<string, readonly [title: string, screen: Screen]>> = {
  cluster: ['Cluster', ClusterScreen],
  scopes: ['Scopes', ScopesScreen],
  processes: ['Processes', ProcessesScreen],
  names: ['Names', NamesScreen],
  entities: ['Entities', EntitiesScreen],
  events: ['Events', EventsScreen],
  explain: ['Explain', ExplainScreen],
  entries: ['Entries', EntriesScreen],
  key: ['Key', KeyScreen],
};
const IN_MENU = ['cluster', 'scopes', 'processes', 'names', 'entities', 'events', 'explain'];
/** Where a screen without a place in the menu belongs. */
const BELOW: Readonly<Record<string, string>> = { entries: 'scopes', key: 'scopes' };

/** What tells screens apart: of another scope, entries are another list. A form in which the scope is typed stays. */
function screenOf(name: string, { scope = '' }: Readonly<Record<string, string>>): string {
  return name === 'entries' || name === 'key' ? JSON.stringify([name, scope]) : name;
}

function Page(): JSX.Element {
  const place = usePlace();
  const { screen: name, parameters } = place;
  const here = usePolled<Here>('here', {}, 10_000);
  const known = Object.hasOwn(SCREENS, name) ? name : 'cluster';
  const [title, Show] = SCREENS[known];
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  const firstPlace = useRef(place);
  useEffect(() => {
    document.title = `${title} · PgRegistry`;
    // Those who do not see the page hear that it is another one.
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
  }, [title]);
  useEffect(() => {
    // What had the focus may be gone, as the link to the next page is on the last one: then it would start again at the menu.
    if (place !== firstPlace.current && document.activeElement === document.body) heading.current?.focus();
  }, [place]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), heading.current?.focus())}>
        Skip the menu
      </a>
      <header>
        <span class="brand">PgRegistry</span>
        <nav aria-label="Screens">
          {IN_MENU.map((each) => (
            <a
              key={each}
              href={linkTo(each)}
              {...((BELOW[known] ?? known) === each && { 'aria-current': 'page' as const })}
            >
              {SCREENS[each][0]}
            </a>
          ))}
        </nav>
        {here.data !== undefined && <span class="quiet">at {here.data.node}</span>}
      </header>
      <main id="main">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <Problem text={here.problem} />
        {here.data !== undefined && (
          <Show key={screenOf(known, parameters)} here={here.data} parameters={parameters} />
        )}
      </main>
    </>
  );
}

const root = document.getElementById('page');
if (root === null) throw new Error('The page has no element #page.');
render(<Page />, root);
