import { readPage } from '../support/code-blocks';
import { formCalculator, pageCalculator } from './calculator';
import { count } from './counted-cluster';
import { exampleRows, rowsOf } from './examples';
import { errorsOf } from './fit';
import { readPoints } from './measured-points';

/** How far the formula may be from what was measured. */
const TOLERANCE = 0.2;

const points = readPoints();
const { size, coefficients } = pageCalculator();

describe('the page on sizing', () => {
  it('has a formula that is within 20 % of every figure that was measured', () => {
    const errors = errorsOf(points, size);
    const wrong = errors.filter(({ error }) => !(Math.abs(error) <= TOLERANCE));
    expect(
      wrong.map(({ point: { kind, load }, figure, error }) => ({ kind, ...load, figure, error })),
    ).toEqual([]);
    expect(errors.length).toBeGreaterThan(200);
  });

  it('was measured with up to 50 real processes, and up to 1,000 nodes otherwise', () => {
    const largest = (kind: string): number =>
      Math.max(...points.filter((point) => point.kind === kind).map(({ load }) => load.nodes));
    expect([largest('real'), largest('crowd'), largest('simulated')]).toEqual([50, 1000, 1000]);
  });

  it('has few coefficients, far fewer than points', () => {
    expect(Object.keys(coefficients).length).toBeLessThan(points.length / 2);
  });

  it('shows clusters with what the formula says of them', () => {
    expect(rowsOf(readPage('docs/guide/sizing.md'))).toEqual(exampleRows(size));
  });

  it('has the same calculator as a form', () => {
    const form = formCalculator();
    expect(form.coefficients).toEqual(coefficients);
    for (const { load } of points) expect(form.size(load)).toEqual(size(load));
  });
});

describe('the counted cluster', () => {
  const load = { nodes: 16, entries: 160, writes: 8, calls: 0, bytes: 100 };

  it('counts the same for one node among others that hear only it as for a whole cluster', () => {
    const [whole, one] = [count(load, 20_000, true).cost, count(load, 20_000, false).cost];
    for (const figure of ['sentBytes', 'receivedBytes', 'brokerMessagesIn', 'brokerMessagesOut'] as const)
      expect(Math.abs(one[figure]! / whole[figure]! - 1)).toBeLessThan(0.1);
  });

  it('counts what the formula says, today: the protocol costs what it cost when the points were measured', () => {
    for (const writes of [0, 8]) {
      const errors = errorsOf([count({ ...load, writes }, 20_000, true)], size);
      for (const { error } of errors) expect(Math.abs(error)).toBeLessThan(TOLERANCE);
    }
  });
});
