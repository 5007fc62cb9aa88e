import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { linkTo } from './place';

/** Says what is wrong, also to those who do not see the page. */
export function Problem({ text }: { readonly text: string | undefined }): JSX.Element {
  return (
    <p role="status" class={text === undefined ? 'no-problem' : 'problem'}>
      {text ?? ''}
    </p>
  );
}

/** A longer text of others is shown by its beginning. */
const MOST_CHARS = 1000;

/** Text that others wrote. It is text, whatever is in it, and cannot change the direction of what stands around it. */
export function Foreign({ text }: { readonly text: string }): JSX.Element {
  return <bdi class="foreign">{text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS)}…` : text}</bdi>;
}

/** A key, as a link to what is known of it. */
export function KeyLink(props: {
  readonly scope: string;
  readonly jsonKey: unknown;
  readonly text: string;
}): JSX.Element {
  const { scope, jsonKey, text } = props;
  return (
    <a href={linkTo('key', { scope, key: JSON.stringify(jsonKey) })}>
      <Foreign text={text} />
    </a>
  );
}

/** A word in a box, coloured by what it means. */
export function Badge(props: {
  readonly look: 'good' | 'warn' | 'bad' | 'plain';
  readonly children: ComponentChildren;
}): JSX.Element {
  return <span class={`badge ${props.look}`}>{props.children}</span>;
}

/**
 * A field of a form that shows what the address says, and what is typed into it until that changes. It stays the same element, so that who
 * types keeps the focus.
 */
export function Field({
  value,
  ...attributes
}: JSX.IntrinsicElements['input'] & { readonly value: string }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (field.current !== null) field.current.value = value;
  }, [value]);
  return <input ref={field} autocomplete="off" spellcheck={false} {...attributes} />;
}

/** Lets one of the nodes be chosen. */
export function NodeChoice(props: {
  readonly nodes: readonly string[];
  readonly chosen: string;
  readonly choose: (node: string) => void;
  readonly every?: boolean;
}): JSX.Element {
  const { nodes, chosen, choose, every = false } = props;
  const all = nodes.includes(chosen) || chosen === '' ? nodes : [chosen, ...nodes];
  return (
    <label>
      Node{' '}
      <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        {every && <option value="">every node</option>}
        {all.map((node) => (
          <option key={node} value={node}>
            {node}
          </option>
        ))}
      </select>
    </label>
  );
}
