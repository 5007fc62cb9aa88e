import type { JSX } from 'preact';
import type { ChangeFact } from '../src/observer/facts';
import { timeOfDay } from './format';
import { Foreign, KeyLink } from './parts';
import { Table } from './table';

/** A list of changes. @param props.shown Whether each names who saw it. */
export function Changes(props: {
  readonly label: string;
  readonly changes: readonly (ChangeFact & { readonly seenBy?: string })[];
  readonly empty: string;
}): JSX.Element {
  const { label, changes, empty } = props;
  const hasSeers = changes.some(({ seenBy }) => seenBy !== undefined);
  return (
    <Table<ChangeFact & { readonly seenBy?: string }>
      label={label}
      rows={changes}
      id={({ number, seenBy = '', node }) => `${seenBy} ${number} ${node}`}
      empty={empty}
      columns={[
        { title: 'Time', show: ({ at }) => <time>{timeOfDay(at)}</time> },
        ...(hasSeers
          ? [
              {
                title: 'Seen by',
                show: ({ seenBy = '' }: { readonly seenBy?: string }) => <Foreign text={seenBy} />,
              },
            ]
          : []),
        { title: 'What', show: ({ type }) => <Foreign text={type} /> },
        { title: 'Why', show: ({ cause }) => <Foreign text={cause} /> },
        {
          title: 'Key',
          show: ({ scope, key, keyText, entries }) =>
            key === undefined ? (
              ''
            ) : (
              <>
                <KeyLink scope={scope} jsonKey={key} text={keyText} />
                {entries > 1 && ` and ${entries - 1} more entries`}
              </>
            ),
        },
        { title: 'Node', show: ({ node }) => <Foreign text={node} /> },
        { title: 'Scope', show: ({ scope }) => <Foreign text={scope} /> },
      ]}
    />
  );
}
