import { ErrorLog, type NodeLogger, WarningLimit } from './logger';

describe('the limit of warnings', () => {
  it('lets one of a kind through in each interval and counts the others', () => {
    const lines: string[] = [];
    const logger: NodeLogger = {
      log: () => undefined,
      warn: (line) => lines.push(line),
      error: () => undefined,
    };
    const limit = new WarningLimit(new ErrorLog(logger), 100);
    limit.warn('a', 'first', undefined, 0);
    limit.warn('a', 'second', undefined, 50);
    limit.warn('b', 'other', new Error('why'), 60);
    limit.warn('a', 'third', undefined, 99);
    limit.warn('a', 'fourth', undefined, 100);
    limit.warn('a', 'fifth', undefined, 200);
    expect(lines).toEqual(['first', 'other: why', 'fourth (and 2 like it before)', 'fifth']);
  });
});
