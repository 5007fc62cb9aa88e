import { Output } from '../output';
import { CHANGE_COLUMNS } from './scope-verbs';

it('shows a line for changes that a node has left out of its journal', () => {
  let written = '';
  const terminal = {
    write: (text: string) => (written += text),
    writeError: () => undefined,
    isTerminal: false,
    width: Infinity,
    hasColour: false,
  };
  const change = { at: Date.UTC(2026, 10, 30, 4, 12, 25, 123), scope: 'pg', revision: 0 };
  new Output(terminal, false).rows(
    [
      {
        ...change,
        number: 100_001,
        type: 'omitted',
        key: undefined,
        keyText: '',
        pid: '',
        node: '',
        entries: 12_345,
        cause: '12345 changes within 812 ms were too many to keep',
      },
      {
        ...change,
        number: 100_000,
        type: 'join',
        key: 'room',
        keyText: "'room'",
        pid: 'a/0000000000000001/1',
        node: 'a',
        entries: 3,
        cause: 'call',
      },
    ],
    CHANGE_COLUMNS,
    '',
  );
  expect(written.split('\n')).toEqual([
    'TIME          WHAT     SCOPE  WHO    KEY                 CAUSE',
    '04:12:25.123  omitted  pg     -                          12345 changes within 812 ms were too many to keep',
    "04:12:25.123  join     pg     <a.1>  'room' (3 entries)  call",
    '',
  ]);
});
