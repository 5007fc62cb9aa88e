import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Addresses } from './address';
import { Connection, type ConnectionState, MOST_PEOPLE } from './connection';
import { fetchOverview, killHolder } from './documents';
import { Editor, MOST_INSERTED } from './editor';
import { Header, Name, people } from './frame';
import { standingOf } from './standing';
import type { User } from './user';

/** What {@link DocumentPage} is given. */
interface DocumentPageProps {
  readonly addresses: Addresses;
  /** The document's name. */
  readonly name: string;
  readonly user: User;
  /** The user wants another name. */
  readonly changeName: () => void;
}

/** What a server allows besides editing. */
interface Offers {
  readonly demonstration: boolean;
  readonly observer: string | null;
}

/** One document: its text, who is in it, which node holds it, and whether it is saved. */
export function DocumentPage({ addresses, name, user, changeName }: DocumentPageProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const connection = useRef<Connection | null>(null);
  const [state, setState] = useState<ConnectionState | null>(null);
  const [offers, setOffers] = useState<Offers>({ demonstration: false, observer: null });
  const [message, setMessage] = useState('');

  useEffect(() => {
    document.title = name;
    if (host.current === null) return undefined;
    const opened = new Connection(addresses, name, user, setState);
    const editor = new Editor(host.current, {
      text: opened.text,
      awareness: opened.awareness,
      label: `Text of ${name}`,
      tooLarge: () =>
        setMessage(
          `One edit can insert ${MOST_INSERTED.toLocaleString('en')} characters at most. Nothing was inserted.`,
        ),
    });
    connection.current = opened;
    setState(opened.state);
    opened.onClosed(() => {
      editor.writable = false;
    });
    editor.focus();
    fetchOverview(addresses.documents).then(setOffers, () => {
      // The connection's own state tells what is wrong; without an answer there is no button and no link.
    });
    return () => opened.close();
  }, [addresses, name]);

  useEffect(() => connection.current?.setUser(user), [user]);
  useWarningBeforeLoss(state);

  const kill = (): void => {
    setMessage('');
    killHolder(addresses.kill(name)).then(
      (killed) => setMessage(`${killed} was killed.`),
      (error: Error) => setMessage(`Nothing was killed. ${error.message}`),
    );
  };

  return (
    <>
      <Header observer={offers.observer} user={user} changeName={changeName}>
        <a href={addresses.list}>All documents</a>
      </Header>
      <main class="document">
        <h1>
          <bdi>{name}</bdi>
        </h1>
        {state !== null && <Around state={state} user={user} kill={offers.demonstration ? kill : null} />}
        <p class="message" role="status">
          {message}
        </p>
        <div class="editor" ref={host} />
      </main>
    </>
  );
}

/** Browsers ask before they close a page whose edits exist nowhere else. */
function useWarningBeforeLoss(state: ConnectionState | null): void {
  const atRisk = state !== null && state.unsaved && standingOf(state).trouble;
  useEffect(() => {
    if (!atRisk) return undefined;
    const warn = (event: Event): void => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [atRisk]);
}

interface AroundProps {
  readonly state: ConnectionState;
  readonly user: User;
  /** Kills the holder, or `null` where that is not allowed. */
  readonly kill: (() => void) | null;
}

function Around({ state, user, kill }: AroundProps): JSX.Element {
  const { server, people: others, peopleCount } = state;
  const standing = standingOf(state);
  const holder = server?.holder ?? null;
  return (
    <section class="around" aria-label="About this document">
      <p class={standing.trouble ? 'standing trouble' : 'standing'} data-standing={standing.kind}>
        {standing.text}
      </p>
      <p class="visually-hidden" role={standing.trouble ? 'alert' : 'status'}>
        {standing.announced}
      </p>
      {server !== null && (
        <p class="quiet">
          Served by <b>{server.node}</b>, held by <b>{holder ?? 'no node yet'}</b>
        </p>
      )}
      {kill !== null && holder !== null && (
        <button type="button" class="danger" onClick={kill}>
          Kill {holder}
        </button>
      )}
      <ul class="people" aria-label={`${people(peopleCount + 1)} in this document`}>
        <li>
          <Name user={user} /> <span class="quiet">(you)</span>
        </li>
        {others.map(({ id, user: other }) => (
          <li key={id}>
            <Name user={other} />
          </li>
        ))}
        {peopleCount > MOST_PEOPLE && <li>and {peopleCount - MOST_PEOPLE} more</li>}
      </ul>
    </section>
  );
}
