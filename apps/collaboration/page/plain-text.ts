import * as Y from 'yjs';

/**
 * Removes from a text whatever is not text. Other clients of Yjs can put images, objects and arrays there, which count as characters
 * but have none, so the positions of the editor would no longer be those of the text. Pages that do this at once remove the same
 * things, so they still end with the same text.
 */
export function removeForeignContent(text: Y.Text): void {
  const foreign: Y.Item[] = [];
  // Yjs offers no walk over everything that counts: `toDelta` leaves out, and `delete` skips, what only other types can hold.
  // oxlint-disable-next-line no-underscore-dangle
  for (let item = text._start; item !== null; item = item.right) {
    if (!item.deleted && item.countable && !(item.content instanceof Y.ContentString)) foreign.push(item);
  }
  if (foreign.length === 0) return;
  text.doc?.transact((transaction) => {
    for (const item of foreign) item.delete(transaction);
  });
}

/** What stands in the editor for one thing that is not text, until it is removed: Unicode's object replacement character. */
const REPLACEMENT = '\ufffc';

/**
 * Lets the observers that subscribe later see text only. CodeMirror never returns from a change that inserts anything else.
 *
 * @param foreignSeen Called, within the transaction, when somebody has put something else into the text.
 */
export function showOnlyText(text: Y.Text, foreignSeen: () => void): void {
  text.observe((event) => {
    // Yjs computes the delta once for all observers.
    for (const part of event.delta) {
      if (part.insert === undefined || typeof part.insert === 'string') continue;
      part.insert = REPLACEMENT;
      foreignSeen();
    }
  });
}
