import { ms } from 'nestjs-pg-registry';
import { TestCluster, TestNode } from 'nestjs-pg-registry/testing';
import { normalNodeOptions } from '../../../libs/pg-registry/src/node/node-options';
import { localTransport } from '../../../libs/pg-registry/src/transport/local';
import { CLIENT_DEFAULTS } from '../../../libs/pg-registry/src/transport/nats/nats-options';
import { readPage } from '../../support/code-blocks';

const CONNECTION = '## The connection to NATS';

/** The rows of all tables of a page, or of a part of one, cell by cell. */
function rowsOf(page: string, part = readPage(page)): readonly (readonly string[])[] {
  const lines = part.match(/^\|.*\|$/gm) ?? [];
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** A page, cut before each heading. */
function sectionsOf(page: string): readonly string[] {
  return readPage(page).split(/^(?=## )/m);
}

const codeIn = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

test('the page on tuning lists every option with its default', () => {
  const { protocol, limits, calls, ...own } = normalNodeOptions({}, () => localTransport());
  const actual = { ...own, ...protocol, ...limits, ...calls };
  const node = sectionsOf('docs/guide/tuning.md').filter((section) => !section.startsWith(CONNECTION));
  const listed = rowsOf('docs/guide/tuning.md', node.join('')).flatMap(([name, value]) =>
    codeIn(name).map((option) => [option, value] as const),
  );
  expect(listed.map(([option]) => option).toSorted()).toEqual(Object.keys(actual).toSorted());
  const said = new Map(listed.map(([option, value]) => [option, value.replaceAll(/[,`]/g, '')]));
  for (const [option, value] of Object.entries(actual)) {
    if (typeof value !== 'number' && typeof value !== 'boolean') continue;
    // What follows from the machine is a formula in the table.
    if (said.get(option) === 'heap / 4') continue;
    expect([option, said.get(option)]).toEqual([option, String(value)]);
  }
});

test('the page on tuning lists the defaults of a connection', () => {
  const section = sectionsOf('docs/guide/tuning.md').find((text) => text.startsWith(CONNECTION));
  const rows = rowsOf('docs/guide/tuning.md', section).filter(([first]) => first.startsWith('`'));
  expect(rows).not.toEqual([]);
  for (const [names, value] of rows) {
    const numbers = (value.match(/-?\d+/g) ?? []).map(Number);
    const said = codeIn(names).map((name, nth) => [name, numbers[nth] ?? numbers[0]]);
    expect(said).toEqual(codeIn(names).map((name) => [name, Reflect.get(CLIENT_DEFAULTS, name)]));
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

test('the page on testing lists every method of a test cluster', () => {
  const verbs = rowsOf('docs/guide/testing.md').flatMap(([first]) =>
    codeIn(first).map((verb) => verb.replace(/\(.*/, '')),
  );
  const members = Object.getOwnPropertyNames(TestCluster.prototype).filter((name) => name !== 'constructor');
  expect(verbs.toSorted()).toEqual(members.toSorted());
  expect(TestNode.prototype).toHaveProperty('registry');
});
