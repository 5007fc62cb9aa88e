import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { nameOnOneLine, randomUser, type User } from './user';

/** What {@link UserPage} is given. */
interface UserPageProps {
  /** Who the user is now; `null` at the first visit. */
  readonly user: User | null;
  /** The user has chosen. */
  readonly keep: (user: User) => void;
  /** The user keeps the old name; `null` if there is none. */
  readonly cancel: (() => void) | null;
}

/** Asks for the name that the others see. */
export function UserPage({ user, keep, cancel }: UserPageProps): JSX.Element {
  const [{ color, name: proposed }] = useState(() => user ?? randomUser());
  const [name, setName] = useState(proposed);
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    input.current?.select();
  }, []);
  /** Before the dialog is taken away, it must be closed: then the browser gives the focus back. */
  const close = (): void => dialog.current?.close();
  const submit = (event: Event): void => {
    event.preventDefault();
    close();
    keep({ name: nameOnOneLine(name) || proposed, color });
  };
  const stay = (): void => {
    close();
    // Nobody has to make a name up.
    if (cancel === null) keep({ name: proposed, color });
    else cancel();
  };
  const escape = (event: Event): void => {
    event.preventDefault();
    stay();
  };
  return (
    <dialog ref={dialog} aria-labelledby="user-title" onCancel={escape}>
      <form onSubmit={submit}>
        <h2 id="user-title">What shall the others call you?</h2>
        <label htmlFor="user-name">Your name</label>
        <input
          id="user-name"
          ref={input}
          value={name}
          maxLength={64}
          autoComplete="nickname"
          aria-describedby="user-hint"
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <p id="user-hint" class="quiet">
          They see it at your cursor and in the list of documents. This browser remembers it.
        </p>
        <button type="submit" class="primary">
          Continue
        </button>
        {cancel !== null && (
          <button type="button" onClick={stay}>
            Cancel
          </button>
        )}
      </form>
    </dialog>
  );
}
