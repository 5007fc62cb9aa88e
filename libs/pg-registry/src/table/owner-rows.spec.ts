import { Pid } from '../term';
import { OwnerRows } from './owner-rows';
import type { PageSnapshot } from './page';
import { Row } from './row';

const B = 'b'.repeat(16);
const pid = new Pid('billing', B, 1);
let rows: OwnerRows;
const add = (...numbers: number[]) => {
  for (const number of numbers) rows.add(new Row(number, 'k', rows.processOrNew(pid), null, 1));
};
const remove = (number: number) => rows.remove(rows.get(number)!);
const between = (from: number, to: number, limit?: number) =>
  rows.between(from, to, limit).map((row) => row.number);

beforeEach(() => (rows = new OwnerRows(B, false)));

it('the rows of an owner are found by number and walked in order, whatever the order they came in', () => {
  const numbers = [7, 3, 1000, 64, 63, 65, 2 ** 52, 128, 0, 127, 999];
  add(...numbers);
  for (const number of numbers) expect(rows.get(number)?.number).toBe(number);
  expect(rows.get(4)).toBeUndefined();
  expect(between(-1, Infinity)).toEqual(numbers.toSorted((a, b) => a - b));
  expect(rows.count).toBe(numbers.length);
});

it('the rows of an owner are given in slices after a cursor, up to a number or a limit', () => {
  add(...Array.from({ length: 300 }, (_, at) => at * 3));
  expect(between(10, 20)).toEqual([12, 15, 18]);
  expect(between(0, Infinity, 3)).toEqual([3, 6, 9]);
  expect(between(898, Infinity)).toEqual([]);
  let cursor = -1;
  const walked: number[] = [];
  for (let page = between(cursor, Infinity, 7); page.length > 0; page = between(cursor, Infinity, 7)) {
    walked.push(...page);
    cursor = page.at(-1)!;
  }
  expect(walked).toHaveLength(300);
});

it('the rows of an owner take memory proportional to live rows while numbers only rise', () => {
  add(1);
  for (let number = 2; number < 100_000; number += 1) {
    add(number);
    remove(number);
  }
  expect(rows.pageCount).toBeLessThan(32);
  expect(between(-1, Infinity)).toEqual([1]);
});

it('the rows of an owner survive a page that was emptied, swept and filled again', () => {
  for (let number = 0; number < 20; number += 1) add(number * 64);
  for (let number = 0; number < 20; number += 1) remove(number * 64);
  add(64, 0, 640);
  expect(between(-1, Infinity)).toEqual([0, 64, 640]);
  expect(rows.digest.read().count).toBe(3);
});

it('the pages of an owner that were handed out are touched by no later change', () => {
  add(...Array.from({ length: 200 }, (_, number) => number));
  const pages: PageSnapshot[] = [];
  rows.addPagesTo(pages);
  remove(3);
  remove(199);
  add(500);
  const old = rows.get(7)!;
  rows.replace(old, new Row(7, 'k', old.process, 'new', 2));
  const pictured = pages.flatMap((page) => page.rows);
  expect(pictured.map((row) => row.number)).toEqual(Array.from({ length: 200 }, (_, number) => number));
  expect(pictured[7]).toBe(old);
  expect(pages.flatMap((page) => page.values)).toEqual(pictured.map((row) => row.value));
  expect(rows.get(7)!.value).toBe('new');
  expect(rows.get(3)).toBeUndefined();
});
