import { Endpoint, type Peer } from '../cluster';
import { protocolOptions } from '../cluster/protocol-options';
import { encodeFrame, incarnationOf, Subjects } from '../wire';
import { FrameGate } from './frame-gate';

const NUMBERS = [1, 2, 3];
const here = incarnationOf('here', 7);
const there = incarnationOf('there', 8);

describe('a gate that has let a frame of a peer pass', () => {
  const peers = new Map<string, Peer>();
  const subject = new Subjects('test', 'there').to('here', 'bundle');
  let endpoint: Endpoint;
  let gate: FrameGate;

  beforeEach(() => {
    const identity = { node: 'here', incarnation: here, epoch: 1, namespace: 'test' };
    const versions = { min: 1, max: 2 };
    endpoint = new Endpoint({ ...identity, versions, options: protocolOptions({}), random: () => 0 });
    peers.set(there, { node: 'there', incarnation: there } as Peer);
    gate = new FrameGate(endpoint, peers);
    gate.check(subject, frame());
  });

  function frame(
    changes: { incarnation?: string; epoch?: number; node?: string; version?: number } = {},
  ): Uint8Array {
    const sender = { node: 'there', incarnation: there, epoch: 5, version: 2, ...changes };
    return encodeFrame({ ...sender, kind: 'bundle', versions: undefined }, Uint8Array.from(NUMBERS));
  }

  it('lets the next one with the same envelope pass with its own body', () => {
    const bytes = frame();
    bytes[bytes.length - 1] = 9;
    const checked = gate.check(subject, bytes);
    expect([...checked!.frame.body]).toEqual([1, 2, 9]);
    expect(checked).toMatchObject({
      route: { from: 'there' },
      frame: { node: 'there', epoch: 5, version: 2 },
    });
  });

  it('reads a frame with another epoch or version, which may be anything but older or newer here', () => {
    expect(gate.check(subject, frame({ epoch: 6 }))?.frame.epoch).toBe(6);
    expect(gate.check(subject, frame({ version: 1 }))?.frame.version).toBe(1);
    expect(gate.check(subject, frame())?.frame).toMatchObject({ epoch: 5, version: 2 });
  });

  it('refuses frames on that subject in the name of another node or incarnation', () => {
    const warned = (): number => endpoint.counters.get('forged-frame') ?? 0;
    expect(
      gate.check(subject, frame({ node: 'other', incarnation: incarnationOf('other', 9) })),
    ).toBeUndefined();
    expect(gate.check(subject, frame({ incarnation: here }))).toBeUndefined();
    expect(warned()).toBe(2);
  });

  it('refuses the same frame on the subject of another sender, and one that is cut off', () => {
    expect(gate.check(new Subjects('test', 'other').to('here', 'bundle'), frame())).toBeUndefined();
    expect(() => gate.check(subject, frame().subarray(0, 10))).toThrow('left');
  });
});
