import type { Server as HttpServer } from 'node:http';
import { WsAdapter } from '@nestjs/platform-ws';
import type { WebSocketServer } from 'ws';
import { isSameOrigin } from '../web/origin';

/** A server of the adapter, with the path that its gateway names. */
type ServerWithPath = WebSocketServer & { readonly path: string };

/**
 * Nest's adapter for `ws`, for the addresses of y-websocket: its clients append the name of the document to the path of the gateway. The
 * messages are binary, and gateways read them from the socket, so that the adapter does not parse them as JSON.
 */
export class DocumentSocketAdapter extends WsAdapter {
  override bindMessageHandlers(): void {
    // The gateway listens to the socket.
  }

  protected override ensureHttpServerExists(port: number, httpServer: HttpServer): HttpServer {
    if (this.httpServersRegistry.has(port)) return httpServer;
    this.httpServersRegistry.set(port, httpServer);
    httpServer.on('upgrade', (request, socket, head) => {
      const servers = (this.wsServersRegistry.get(port) ?? []) as ServerWithPath[];
      const server = servers.find(({ path }) => request.url?.startsWith(`${path}/`));
      if (server === undefined) return socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      if (!isSameOrigin(request)) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return server.handleUpgrade(request, socket, head, (client) =>
        server.emit('connection', client, request),
      );
    });
    return httpServer;
  }
}
