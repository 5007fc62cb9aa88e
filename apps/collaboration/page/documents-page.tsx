import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type Addresses, problemOfName } from './address';
import { type DocumentSummary, type Overview, watchOverview } from './documents';
import { Header, Name, people } from './frame';
import type { User } from './user';

/** Most names that one line of the list shows. */
const MOST_NAMES = 8;

/** What {@link DocumentsPage} is given. */
interface DocumentsPageProps {
  readonly addresses: Addresses;
  readonly user: User;
  /** Why the address of the page names no document, or `null`. */
  readonly problem: string | null;
  /** The user wants another name. */
  readonly changeName: () => void;
}

/** All documents, with who is in them at the moment. */
export function DocumentsPage({ addresses, user, problem, changeName }: DocumentsPageProps): JSX.Element {
  const [overview, setOverview] = useState<Overview | null>(null);
  const [lost, setLost] = useState<string | null>(null);
  useEffect(() => {
    document.title = 'Documents';
    const stop = new AbortController();
    watchOverview(
      { documents: addresses.documents, events: addresses.events },
      {
        next: (next) => {
          setOverview(next);
          setLost(null);
        },
        lost: setLost,
      },
      stop.signal,
    );
    return () => stop.abort();
  }, [addresses]);
  return (
    <>
      <Header observer={overview?.observer ?? null} user={user} changeName={changeName}>
        <span class="brand">Documents</span>
      </Header>
      <main>
        <h1>Documents</h1>
        {problem !== null && (
          <p class="notice" role="alert">
            {problem}
          </p>
        )}
        <OpenForm addresses={addresses} />
        <p role="status" class={lost === null ? 'quiet' : 'notice'}>
          {lost ?? (overview === null ? 'Loading…' : `Served by ${overview.node}`)}
        </p>
        {overview !== null && <DocumentList overview={overview} addresses={addresses} />}
      </main>
    </>
  );
}

function OpenForm({ addresses }: { readonly addresses: Addresses }): JSX.Element {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: Event): void => {
    event.preventDefault();
    const wanted = name.trim();
    const found = problemOfName(wanted);
    setProblem(found);
    if (found === null) location.assign(addresses.document(wanted));
  };
  return (
    <form class="open" onSubmit={submit}>
      <label htmlFor="document-name">Name of a document, new or old</label>
      <div class="row">
        <input
          id="document-name"
          value={name}
          placeholder="meeting notes"
          autoComplete="off"
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : 'document-problem'}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Open
        </button>
      </div>
      {problem !== null && (
        <p id="document-problem" class="notice" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

interface DocumentListProps {
  readonly overview: Overview;
  readonly addresses: Addresses;
}

function DocumentList({ overview: { documents, total }, addresses }: DocumentListProps): JSX.Element {
  if (documents.length === 0) return <p>There is no document yet. Give one a name above.</p>;
  return (
    <>
      <ul class="documents">
        {documents.map((summary) => (
          <DocumentLine key={summary.name} summary={summary} address={addresses.document(summary.name)} />
        ))}
      </ul>
      {total > documents.length && (
        <p class="quiet">{total - documents.length} more are not listed. Open them by their names.</p>
      )}
    </>
  );
}

interface DocumentLineProps {
  readonly summary: DocumentSummary;
  readonly address: string;
}

function DocumentLine({ summary, address }: DocumentLineProps): JSX.Element {
  const { name, holder, sessions, sessionCount } = summary;
  const named = sessions.filter(({ user }) => user !== null).slice(0, MOST_NAMES);
  const more = sessionCount - named.length;
  return (
    <li>
      <a href={address}>
        <bdi>{name}</bdi>
      </a>
      <span class="quiet">{holder === null ? 'at rest' : `held by ${holder}`}</span>
      {sessionCount > 0 && (
        <ul class="people" aria-label={`${people(sessionCount)} in it`}>
          {named.map(({ id, user, node }) => (
            <li key={id} title={`on ${node}`}>
              {user !== null && <Name user={user} />}
            </li>
          ))}
          {more > 0 && <li>{named.length === 0 ? people(more) : `and ${more} more`}</li>}
        </ul>
      )}
    </li>
  );
}
