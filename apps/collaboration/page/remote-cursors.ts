import { Annotation, type Extension, type Range, type Text } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  type PluginValue,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from '@codemirror/view';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { MOST_PEOPLE, SERVER_CLIENT_ID } from './connection';
import { inkOn, readUser, type User } from './user';

/** Marks the transaction that a change of awareness makes. */
const othersMoved = Annotation.define<boolean>();

/**
 * Shows where the others are in the text, and tells them where this page's cursor is: the fields `user` and `cursor` of awareness, as
 * the plugin of y-codemirror.next writes them. That plugin itself writes colours into `style` attributes as they come, which a strict
 * content security policy forbids, and which would let others style the page.
 *
 * @param text The text that the editor shows.
 */
export function remoteCursors(text: Y.Text, awareness: Awareness): Extension {
  return [
    theme,
    ViewPlugin.define((view) => new RemoteCursors(view, text, awareness), {
      decorations: (plugin) => plugin.drawn,
    }),
  ];
}

class RemoteCursors implements PluginValue {
  readonly #text: Y.Text;
  readonly #awareness: Awareness;
  readonly #unsubscribe: () => void;
  /** The others' cursors and selections. */
  drawn: DecorationSet;

  constructor(view: EditorView, text: Y.Text, awareness: Awareness) {
    this.#text = text;
    this.#awareness = awareness;
    const redraw = ({
      added,
      updated,
      removed,
    }: Record<'added' | 'updated' | 'removed', readonly number[]>): void => {
      if ([...added, ...updated, ...removed].some((id) => id !== awareness.clientID)) {
        view.dispatch({ annotations: othersMoved.of(true) });
      }
    };
    awareness.on('change', redraw);
    this.#unsubscribe = () => awareness.off('change', redraw);
    this.drawn = this.#draw(view.state.doc);
  }

  update({ view, state, docChanged, selectionSet, focusChanged, transactions }: ViewUpdate): void {
    if (docChanged || selectionSet || focusChanged) this.#tell(view);
    if (docChanged || transactions.some((transaction) => transaction.annotation(othersMoved) === true)) {
      this.drawn = this.#draw(state.doc);
    }
  }

  destroy(): void {
    this.#unsubscribe();
  }

  /** The cursor stays where it was when the page loses the focus, for its owner may be reading there. */
  #tell(view: EditorView): void {
    if (!view.hasFocus || this.#awareness.getLocalState() === null) return;
    const { anchor, head } = view.state.selection.main;
    const cursor = { anchor: this.#relative(anchor), head: this.#relative(head) };
    if (JSON.stringify(cursor) === JSON.stringify(this.#awareness.getLocalState()?.['cursor'])) return;
    this.#awareness.setLocalStateField('cursor', cursor);
  }

  #relative(index: number): unknown {
    return Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.#text, index));
  }

  #draw(doc: Text): DecorationSet {
    const ranges: Range<Decoration>[] = [];
    let shown = 0;
    for (const [id, state] of this.#awareness.getStates()) {
      if (id === this.#awareness.clientID || id === SERVER_CLIENT_ID) continue;
      const user = readUser(state['user']);
      const anchor = this.#index(state['cursor']?.anchor);
      const head = this.#index(state['cursor']?.head);
      if (user === null || anchor === null || head === null) continue;
      if (Math.max(anchor, head) > doc.length) continue;
      if (anchor !== head) ranges.push(selection(user).range(Math.min(anchor, head), Math.max(anchor, head)));
      ranges.push(Decoration.widget({ widget: new Caret(user), side: head > anchor ? -1 : 1 }).range(head));
      shown += 1;
      if (shown === MOST_PEOPLE) break;
    }
    return Decoration.set(ranges, true);
  }

  /** Where a position that another page sent lies in the text now; `null` for whatever is none in this text. */
  #index(sent: unknown): number | null {
    if (typeof sent !== 'object' || sent === null) return null;
    const { tname, item, assoc } = sent as Readonly<Record<string, unknown>>;
    // Yjs makes a root type of every name that it is asked for.
    if (tname !== Y.findRootTypeKey(this.#text)) return null;
    if (item !== undefined && item !== null && !isItemId(item)) return null;
    try {
      const position = Y.createRelativePositionFromJSON({ tname, item, assoc: assoc === -1 ? -1 : 0 });
      const found = Y.createAbsolutePositionFromRelativePosition(position, this.#textDoc);
      return found !== null && found.type === this.#text ? found.index : null;
    } catch {
      // Yjs throws for ids that cannot be.
      return null;
    }
  }

  get #textDoc(): Y.Doc {
    if (this.#text.doc === null) throw new Error('The text belongs to no document.');
    return this.#text.doc;
  }
}

function isItemId(sent: object): boolean {
  const { client, clock } = sent as Readonly<Record<string, unknown>>;
  return [client, clock].every((number) => Number.isSafeInteger(number) && Number(number) >= 0);
}

const selection = ({ color }: User): Decoration =>
  Decoration.mark({ attributes: { style: `background-color: ${color}40` } });

/** A line at somebody's cursor, with the name on it. */
class Caret extends WidgetType {
  readonly user: User;

  constructor(user: User) {
    super();
    this.user = user;
  }

  override eq({ user }: Caret): boolean {
    return user.name === this.user.name && user.color === this.user.color;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement('span');
    caret.className = 'remote-caret';
    // Screen readers read the text without it; who is there stands in the list of people.
    caret.setAttribute('aria-hidden', 'true');
    caret.style.borderColor = this.user.color;
    const label = document.createElement('span');
    label.className = 'remote-name';
    label.textContent = this.user.name;
    label.style.backgroundColor = this.user.color;
    label.style.color = inkOn(this.user.color);
    caret.append(label);
    return caret;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const theme = EditorView.baseTheme({
  '.remote-caret': {
    position: 'relative',
    borderLeft: '2px solid',
    marginLeft: '-1px',
    marginRight: '-1px',
    pointerEvents: 'none',
  },
  '.remote-name': {
    position: 'absolute',
    bottom: 'calc(100% - 3px)',
    left: '-2px',
    maxWidth: '12em',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    padding: '0 4px',
    borderRadius: '3px 3px 3px 0',
    font: '600 11px/13px system-ui, sans-serif',
    unicodeBidi: 'isolate',
    zIndex: '1',
  },
});
