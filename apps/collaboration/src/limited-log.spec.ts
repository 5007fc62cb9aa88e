import { Logger } from '@nestjs/common';
import { LimitedLog } from './limited-log';

afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('writes one line of a part and level in ten seconds, and counts the others in the next one', () => {
  jest.useFakeTimers();
  const lines: unknown[] = [];
  for (const level of ['warn', 'error'] as const)
    jest
      .spyOn(Logger.prototype, level)
      .mockImplementation((...line) => void lines.push(`${level}: ${line.join(' ')}`));
  const log = new LimitedLog();
  for (let i = 0; i < 1000; i += 1) log.warn('Writer', `document ${i}`);
  log.error('Writer', 'lost');
  log.warn('Gateway', 'no session');
  expect(lines).toEqual(['warn: document 0', 'error: lost', 'warn: no session']);
  jest.advanceTimersByTime(9999);
  log.warn('Writer', 'early');
  jest.advanceTimersByTime(1);
  log.warn('Writer', 'later');
  expect(lines.slice(3)).toEqual(['warn: later (and 1000 like it before)']);
});
