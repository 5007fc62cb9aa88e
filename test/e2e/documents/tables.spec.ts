import { ms } from 'nestjs-pg-registry';
import { TestCluster, TestNode } from 'nestjs-pg-registry/testing';
import { normalNodeOptions } from '../../../libs/pg-registry/src/node/node-options';
import { localTransport } from '../../../libs/pg-registry/src/transport/local';
import { readPage } from '../../support/code-blocks';

/** The rows of all tables of a page, cell by cell. */
function rowsOf(page: string): readonly (readonly string[])[] {
  const lines = readPage(page).match(/^\|.*\|$/gm) ?? [];
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codeIn = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

test('the page on tuning lists every option with its default', () => {
  const { protocol, limits, ...own } = normalNodeOptions({}, () => localTransport());
  const actual = { ...own, ...protocol, ...limits };
  const listed = rowsOf('docs/guide/tuning.md').flatMap(([name, value]) =>
    codeIn(name).map((option) => [option, value] as const),
  );
  expect(listed.map(([option]) => option).toSorted()).toEqual(Object.keys(actual).toSorted());
  const said = new Map(listed.map(([option, value]) => [option, value.replaceAll(/[,`]/g, '')]));
  for (const [option, value] of Object.entries(actual)) {
    if (typeof value !== 'number' && typeof value !== 'boolean') continue;
    expect([option, said.get(option)]).toEqual([option, String(value)]);
  }
});

test('the page on queries lists every builder of match specs', () => {
  const rows = rowsOf('docs/guide/queries.md').filter(([first]) => first.startsWith('`ms.'));
  const builders = rows.flatMap(([first]) => codeIn(first).map((builder) => builder.replace('ms.', '')));
  expect(builders.toSorted()).toEqual(Object.keys(ms).toSorted());
  for (const [first, second] of rows.filter(([, operators]) => !operators.endsWith('and so on'))) {
    expect(codeIn(first)).toHaveLength(codeIn(second).length);
  }
});

test('the page on testing lists every verb of a test cluster', () => {
  const verbs = rowsOf('docs/guide/testing.md').flatMap(([first]) =>
    codeIn(first).map((verb) => verb.replace(/\(.*/, '')),
  );
  const members = Object.getOwnPropertyNames(TestCluster.prototype).filter((name) => name !== 'constructor');
  expect(verbs.toSorted()).toEqual(members.toSorted());
  expect(TestNode.prototype).toHaveProperty('registry');
});
