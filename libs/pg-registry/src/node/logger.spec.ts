import { ErrorLog, LimitedLog, type NodeLogger } from './logger';

describe('a limited log', () => {
  let now = 0;
  let lines: string[] = [];
  const logger: NodeLogger = {
    log: () => undefined,
    warn: (line) => lines.push(line),
    error: (line) => lines.push(`error ${line}`),
  };
  const limited = (): LimitedLog => new LimitedLog(new ErrorLog(logger), 100, () => now);
  const at = (time: number, write: () => void): void => {
    now = time;
    write();
  };
  beforeEach(() => (lines = []));

  it('a limited log writes one line of a kind per interval and counts the others', () => {
    const log = limited();
    at(0, () => log.warn('a', 'first'));
    at(50, () => log.warn('a', 'second'));
    at(60, () => log.error('b', 'other', new Error('why')));
    at(99, () => log.warn('a', 'third'));
    at(100, () => log.warn('a', 'fourth'));
    at(200, () => log.warn('a', 'fifth'));
    expect(lines).toEqual(['first', 'error other: why', 'fourth (and 2 like it before)', 'fifth']);
  });

  it('a limited log remembers the 256 kinds that it wrote last', () => {
    const log = limited();
    log.warn('old', 'old');
    for (let kind = 0; kind < 255; kind += 1) log.warn(`kind ${kind}`, 'new');
    expect(lines).toHaveLength(256);
    log.warn('old', 'kept back');
    log.warn('one more', 'new');
    log.warn('kind 254', 'kept back');
    expect(lines).toHaveLength(257);
    log.warn('old', 'old again');
    expect(lines.at(-1)).toBe('old again');
  });
});
