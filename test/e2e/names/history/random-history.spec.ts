import { isLinearizable } from './linearizability';
import { RandomHistory } from './random-history';

jest.setTimeout(120_000);

test('what four processes see of names can be put in one order, although processes and the server are killed, stopped and blocked', async () => {
  const { keys, injected } = await RandomHistory.run(300, 7);
  expect(Object.keys(injected).length).toBeGreaterThan(0);
  for (const [key, { operations, faults }] of keys) {
    expect(operations.length).toBeGreaterThan(10);
    expect([key, isLinearizable(operations, faults)]).toEqual([key, true]);
  }
});
