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

  it('a limited log writes one line about each thing of a kind, at most ten in an interval, and counts the others', () => {
    const log = limited();
    now = 1000;
    for (let times = 0; times < 50; times += 1)
      for (let subject = 0; subject < 100; subject += 1)
        log.error('transport', `subject ${subject} refused`, undefined, `subject ${subject}`);
    expect(lines).toHaveLength(10);
    expect(lines.slice(0, 9)).toEqual(Array.from({ length: 9 }, (_, of) => `error subject ${of} refused`));
    now = 1100;
    log.error('transport', 'subject 0 refused', undefined, 'subject 0');
    for (let subject = 1; subject < 20; subject += 1)
      log.error('transport', `subject ${subject} refused`, undefined, `new ${subject}`);
    expect(lines[10]).toBe('error subject 0 refused (and 49 like it before)');
    expect(lines).toHaveLength(20);
    expect(lines[19]).toMatch(/and 4549 like it before/);
  });

  it('a limited log makes no text of a line that it leaves out', () => {
    const log = limited();
    const text = jest.fn(() => 'dropped');
    for (let times = 0; times < 1000; times += 1) log.warn('backlog', text);
    expect([lines, text.mock.calls.length]).toEqual([['dropped'], 1]);
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

describe('an error log', () => {
  const lines: string[] = [];
  const logger: NodeLogger = {
    log: () => undefined,
    warn: (line) => lines.push(line),
    error: (line, stack = '') => lines.push(line, ...stack.split('\n')),
  };
  const log = new ErrorLog(logger);
  beforeEach(() => lines.splice(0));

  it('an error log escapes and cuts what peers chose, so that a peer cannot make up lines', () => {
    const error = Object.assign(new Error('why\n[Nest] all is well\u001b[2J'), {
      stack: 'Error: why\n[Nest] all is well\n    at frame (file.ts:1:1)\nroot logged in',
    });
    log.warn(`A frame of 'evil\r\n[Nest]' was dropped`, error);
    log.error(`x`.repeat(100_000), error);
    expect(lines[0]).toBe(
      String.raw`A frame of 'evil\u000d\n[Nest]' was dropped: why\n[Nest] all is well\u001b[2J`,
    );
    expect(lines[1]?.length).toBeLessThan(2100);
    expect(lines.slice(2)).toEqual([
      String.raw`Error: why\n[Nest] all is well\u001b[2J`,
      '    at frame (file.ts:1:1)',
    ]);
  });

  it('an error log writes a line for whatever was thrown', () => {
    const thrower = (): never => {
      throw new Error('from a getter');
    };
    const hostile = Object.defineProperties(new Error('x'), {
      stack: { get: thrower },
      message: { get: thrower },
      name: { get: thrower },
    });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const thrown of [hostile, proxy, Symbol('s'), Object.create(null)]) log.error('failed', thrown);
    for (const thrown of [hostile, proxy, Symbol('s'), Object.create(null)]) log.warn('failed', thrown);
    expect(lines.filter((line) => line.startsWith('failed: '))).toHaveLength(8);
  });

  it('an error log survives a logger that throws', () => {
    const throwing = (): never => {
      throw new Error('disk full');
    };
    const broken = new ErrorLog({ log: throwing, warn: throwing, error: throwing });
    expect(() => broken.warn('x')).not.toThrow();
    expect(() => broken.error('x', new Error('y'))).not.toThrow();
  });
});
