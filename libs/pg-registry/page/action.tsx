import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { act, messageOf } from './server';

/** What an {@link Action} is given. */
interface ActionProps {
  /** What is done: the name of the server's action. */
  readonly action: 'call' | 'drain' | 'stop';
  /** What stands on the button. */
  readonly title: string;
  /** What will happen, as a question. */
  readonly question: ComponentChildren;
  /** What is sent. It may throw, with what is wrong. */
  readonly body: (form: FormData) => unknown;
  /** Further fields of the form. */
  readonly children?: ComponentChildren;
}

/** A button that asks first, and then lets the server do something. It shows what came of it. */
export function Action({ action, title, question, body, children }: ActionProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const [outcome, setOutcome] = useState('');
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  const run = async (form: HTMLFormElement): Promise<void> => {
    setOutcome('It is being done …');
    try {
      const result = await act(action, body(new FormData(form)));
      setOutcome(result === null || result === true ? 'Done.' : `Done: ${JSON.stringify(result)}`);
    } catch (error) {
      setOutcome(`It failed: ${messageOf(error)}`);
    }
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {title}
      </button>
      {isOpen && (
        <dialog ref={dialog} aria-label={title} onClose={() => setOpen(false)}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void run(event.currentTarget);
            }}
          >
            <p>{question}</p>
            {children}
            <p class="row">
              <button type="submit" class="danger">
                {title}
              </button>
              <button type="button" onClick={() => dialog.current?.close()}>
                Close
              </button>
            </p>
            <p role="status" class="foreign">
              {outcome}
            </p>
          </form>
        </dialog>
      )}
    </>
  );
}
