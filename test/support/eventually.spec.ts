import { eventually } from './eventually';

test('a condition that comes nearer gets its time limit anew each time, and one that stands still does not', async () => {
  let steps = 0;
  const startedAt = performance.now();
  await eventually(() => (steps += 1) > 20, { timeoutMs: 50, progress: () => steps });
  expect(performance.now() - startedAt).toBeGreaterThan(50);
  await expect(eventually(() => false, { timeoutMs: 50, progress: () => 7 })).rejects.toThrow(
    'No progress beyond 7 within 50 ms: the condition was false',
  );
  await expect(eventually(() => false, { timeoutMs: 50 })).rejects.toThrow('Not within 50 ms');
});
