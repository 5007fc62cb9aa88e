import { DEFAULT_PROTOCOL_OPTIONS, protocolOptions } from './protocol-options';

describe('protocol options', () => {
  it('every protocol option has a default', () => {
    expect(protocolOptions()).toEqual(DEFAULT_PROTOCOL_OPTIONS);
    expect(protocolOptions({ confirmMs: 0, maxPeers: 5 })).toEqual({
      ...DEFAULT_PROTOCOL_OPTIONS,
      confirmMs: 0,
      maxPeers: 5,
    });
  });

  it.each<[object, string]>([
    [{ helloIntervalMs: 0 }, 'helloIntervalMs'],
    [{ maxPeers: 1.5 }, 'maxPeers'],
    [{ peerTimeoutMs: NaN }, 'peerTimeoutMs'],
    [{ ringBytes: -1 }, 'ringBytes'],
    [{ maxScopes: Infinity }, 'maxScopes'],
    [{ maxFrameBytes: 64 * 1024 * 1024 + 1 }, 'maxFrameBytes'],
    [{ helloInterval: 5 }, 'helloInterval'],
  ])('a wrong protocol option is refused by name: %j', (given, option) => {
    expect(() => protocolOptions({ ...given })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
  });
});
