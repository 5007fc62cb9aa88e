import type { HandlerSpan } from '../calls';
import { Pid } from '../term/pid';
import { HandlerMeter } from './handler-meter';

describe('the meter of handlers', () => {
  const pid = new Pid('a', '0000000000000001', 1);
  const message = { kind: 'call', name: 'add', caller: pid, trace: undefined } as const;
  const process = { pid, label: 'Cart' };
  let now = 0;
  let ended = 0;
  const span: HandlerSpan = { run: (fn) => fn(), end: () => void (ended += 1), fail: () => undefined };
  const inner = { incoming: () => span, outgoing: () => undefined };

  beforeEach(() => {
    now = 0;
    ended = 0;
  });

  it('stands aside until somebody looks, and again when nobody has for a minute', () => {
    const meter = new HandlerMeter(inner, () => now);
    expect(meter.tracer).toBe(inner);
    meter.look();
    expect(meter.tracer).toBe(meter);
    now = 60_000;
    expect(meter.tracer?.incoming(message, process)).not.toBe(span);
    now = 60_001;
    expect(meter.tracer?.incoming(message, process)).toBe(span);
    expect(meter.tracer).toBe(inner);
    meter.look();
    expect(meter.tracer).toBe(meter);
  });

  it('measures each run while it measures, and the tracer of the node has its spans', () => {
    const meter = new HandlerMeter(inner, () => now);
    meter.look();
    const measured = meter.tracer?.incoming(message, process);
    now = 8;
    measured?.end();
    expect(ended).toBe(1);
    expect(meter.facts('a')).toMatchObject([{ node: 'a', handler: 'Cart.add', runs: 1, errors: {} }]);
    expect(meter.longestOf(pid.id)).toBe(8);
  });

  it('costs nothing without a tracer while nobody looks', () => {
    expect(new HandlerMeter(undefined, () => now).tracer).toBeUndefined();
  });
});
