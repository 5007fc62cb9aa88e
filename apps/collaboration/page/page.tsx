import { render } from 'preact';
import { Addresses, placeOf } from './address';
import { DocumentPage } from './document-page';
import { DocumentsPage } from './documents-page';
import { UserPage } from './user-page';
import { storedUser, storeUser, type User } from './user';

const storage = (): Storage => localStorage;
const root = document.getElementById('page');
if (root === null) throw new Error('index.html has no element #page.');
const addresses = new Addresses(new URL(location.href));
const place = placeOf(location.pathname);

let user = storedUser(storage);
/** Whether the page asks for the name, because it knows none or the user wants another one. */
let asks = user === null;
show(root);

function show(into: HTMLElement): void {
  const changeName = (): void => {
    asks = true;
    show(into);
  };
  const keep = (chosen: User): void => {
    storeUser(storage, chosen);
    user = chosen;
    asks = false;
    show(into);
  };
  const stay = (): void => {
    asks = false;
    show(into);
  };
  render(
    <>
      {user !== null && place.kind === 'document' && (
        <DocumentPage addresses={addresses} name={place.name} user={user} changeName={changeName} />
      )}
      {user !== null && place.kind !== 'document' && (
        <DocumentsPage
          addresses={addresses}
          user={user}
          problem={place.kind === 'unknown' ? place.problem : null}
          changeName={changeName}
        />
      )}
      {asks && <UserPage user={user} keep={keep} cancel={user === null ? null : stay} />}
    </>,
    into,
  );
}
