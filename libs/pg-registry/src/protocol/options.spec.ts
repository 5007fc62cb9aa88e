import { DEFAULT_PROTOCOL_OPTIONS, protocolOptions } from './options';

describe('protocol options', () => {
  it('are the defaults where nothing is given', () => {
    expect(protocolOptions()).toEqual(DEFAULT_PROTOCOL_OPTIONS);
    expect(protocolOptions({ confirmMs: 0, maxPeers: 5 })).toEqual({
      ...DEFAULT_PROTOCOL_OPTIONS,
      confirmMs: 0,
      maxPeers: 5,
    });
  });

  it.each([
    [{ helloIntervalMs: 0 }, 'helloIntervalMs'],
    [{ maxPeers: 1.5 }, 'maxPeers'],
    [{ peerTimeoutMs: NaN }, 'peerTimeoutMs'],
    [{ ringBytes: '1' as unknown as number }, 'ringBytes'],
    [{ helloInterval: 5 } as object, 'helloInterval'],
  ])('name the offender: %j', (given, option) => {
    expect(() => protocolOptions(given)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', option }));
  });
});
