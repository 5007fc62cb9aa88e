import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A reverse proxy that shows an application at another path. */
export interface Proxy {
  /** Where it shows it. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Starts a proxy in front of an address: what is below `path` there is below the address here. */
export async function proxyTo(target: string, path: string): Promise<Proxy> {
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.startsWith(path) !== true) {
      outgoing.writeHead(404).end();
      return;
    }
    const address = new URL(target + incoming.url.slice(path.length));
    const forwarded = request(address, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    outgoing.on('close', () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
