import { GreetingReader } from './server-greeting';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the greeting of a server', () => {
  it('is read when its line is complete, however it is cut', () => {
    const reader = new GreetingReader();
    expect(reader.read(bytes('INFO {"server_id":"x","clus'))).toBeUndefined();
    expect(reader.read(bytes('ter":"east"} \r\n'))).toEqual({ type: 'info', cluster: 'east' });
  });

  it('may be followed by an error', () => {
    const reader = new GreetingReader();
    expect(reader.read(bytes('INFO {}\r\n'))).toEqual({ type: 'info', cluster: undefined });
    const refusal = { type: 'refusal', reason: 'maximum connections exceeded' };
    expect(reader.read(bytes("-ERR 'Maximum Connections Exceeded'\r\n"))).toEqual(refusal);
    expect(reader.read(bytes('INFO {}\r\n'))).toEqual(refusal);
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', 'INFO nothing\r\n', 'x'.repeat(2_000_000)])(
    'of something else is refused, and quoted shortly (case %#)',
    (text) => {
      const greeting = new GreetingReader().read(bytes(text));
      expect(greeting).toMatchObject({
        type: 'refusal',
        reason: expect.stringMatching(/^it does not speak/),
      });
      expect(JSON.stringify(greeting).length).toBeLessThan(200);
    },
  );
});
