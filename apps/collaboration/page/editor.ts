import { defaultKeymap } from '@codemirror/commands';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { yCollab, ySyncAnnotation, ySyncFacet, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { removeForeignContent, showOnlyText } from './plain-text';
import { remoteCursors } from './remote-cursors';

/**
 * Most characters that one edit may insert. The server takes frames of up to a million bytes, and a character has at most three in
 * UTF-8.
 */
export const MOST_INSERTED = 300_000;

/** What an editor shows, and whom it tells. */
export interface EditorOptions {
  /** The shared text. */
  readonly text: Y.Text;
  /** Who is there, and where their cursors are. */
  readonly awareness: Awareness;
  /** What a screen reader calls the text. */
  readonly label: string;
  /** An edit inserts more than {@link MOST_INSERTED} characters. Nothing was inserted. */
  readonly tooLarge: () => void;
}

/** One editor of one shared text. */
export class Editor {
  readonly #view: EditorView;
  readonly #writable = new Compartment();
  readonly #text: Y.Text;

  /**
   * Shows the text in an element. It gets a shadow root: there CodeMirror uses constructed style sheets, which a content security
   * policy without `unsafe-inline` permits.
   */
  constructor(host: HTMLElement, { text, awareness, label, tooLarge }: EditorOptions) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    this.#text = text;
    removeForeignContent(text);
    const repairSoon = (): void => queueMicrotask(() => this.#repair());
    showOnlyText(text, repairSoon);
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text.toJSON(),
        extensions: [
          // Exactly what Yjs has: with the usual three separators, a carriage return of somebody else would move all positions.
          EditorState.lineSeparator.of('\n'),
          EditorView.clipboardInputFilter.of((pasted) => pasted.replaceAll(/\r\n?/g, '\n')),
          limitInsertions(tooLarge),
          // Without awareness: y-codemirror.next's own cursors need inline styles.
          yCollab(text, null),
          remoteCursors(text, awareness),
          keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
          EditorView.lineWrapping,
          placeholder('Write something…'),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'true' }),
          this.#writable.of([]),
          theme,
        ],
      }),
    });
    text.doc?.on('afterTransaction', () => {
      if (text.length !== this.#view.state.doc.length) repairSoon();
    });
  }

  /** Lets people write, or only read and copy. */
  set writable(writable: boolean) {
    this.#view.dispatch({
      effects: this.#writable.reconfigure(writable ? [] : EditorState.readOnly.of(true)),
    });
  }

  /** Moves the focus into the text. */
  focus(): void {
    this.#view.focus();
  }

  /** Shows the shared text anew where the editor could not follow it, because something was in it that is not text. */
  #repair(): void {
    removeForeignContent(this.#text);
    const { state } = this.#view;
    const insert = this.#text.toJSON();
    if (state.sliceDoc() === insert) return;
    this.#view.dispatch({
      changes: { from: 0, to: state.doc.length, insert },
      annotations: ySyncAnnotation.of(state.facet(ySyncFacet)),
    });
  }
}

function limitInsertions(tooLarge: () => void): Extension {
  return EditorState.changeFilter.of((transaction) => {
    // What comes from the others is in the shared text already.
    if (transaction.annotation(ySyncAnnotation) !== undefined) return true;
    let inserted = 0;
    transaction.changes.iterChanges((_fromA, _toA, fromB, toB) => {
      inserted += toB - fromB;
    });
    if (inserted <= MOST_INSERTED) return true;
    queueMicrotask(tooLarge);
    return false;
  });
}

const theme = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--paper)', fontSize: '1rem', minHeight: '50vh' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: '1.9' },
  '.cm-content': { padding: '1.5rem 1rem', caretColor: 'var(--text)', minHeight: '50vh' },
  '.cm-placeholder': { color: 'var(--quiet)' },
});
