import type { ConnectionState } from './connection';

/** How a document stands, in words. */
export interface Standing {
  /** For tests and style sheets. */
  readonly kind: 'closed' | 'opening' | 'reconnecting' | 'looking' | 'not-saved' | 'saving' | 'saved';
  /** What the page shows. */
  readonly text: string;
  /** What a screen reader says aloud when it changes: nothing of the saving that follows each edit. */
  readonly announced: string;
  /** Whether the user should know that edits may be lost if the page closes now. */
  readonly trouble: boolean;
}

/** Puts the state of a connection into words. */
export function standingOf({ socket, opened, closedBecause, server, unsaved }: ConnectionState): Standing {
  if (socket === 'closed') {
    const kept = unsaved ? ' Your last edits may not be saved: copy them from here.' : '';
    return said('closed', `Closed. ${closedBecause ?? ''}${kept}`, true);
  }
  if (socket === 'connecting' || server === null) {
    return opened
      ? said('reconnecting', 'Reconnecting… You can go on: this page keeps your edits.', true)
      : said('opening', 'Opening…', false);
  }
  if (server.problem !== null) return said('not-saved', `Not saved. ${server.problem}`, true);
  if (server.holder === null) {
    return said('looking', 'Looking for a node that holds the document… This page keeps your edits.', true);
  }
  if (unsaved || !server.saved)
    return { kind: 'saving', text: 'Saving…', announced: 'Connected.', trouble: false };
  return { kind: 'saved', text: 'Saved', announced: 'Connected.', trouble: false };
}

function said(kind: Standing['kind'], text: string, trouble: boolean): Standing {
  return { kind, text, announced: text, trouble };
}
