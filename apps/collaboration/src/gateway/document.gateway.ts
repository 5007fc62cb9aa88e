import type { IncomingMessage } from 'node:http';
import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import { PgRegistryNode, ProcessService } from 'nestjs-pg-registry';
import type { WebSocket } from 'ws';
import { CollaborationOptions } from '../collaboration-options';
import { MAX_FRAME_BYTES, MAX_SILENT_SOCKETS, MAX_SOCKETS, SILENCE_MS } from '../documents/limits';
import { LimitedLog } from '../limited-log';
import { isSameSecret } from '../web/same-secret';
import { CloseCode } from './close-codes';
import { documentNameIn, DocumentNameError, DOCUMENTS_PATH } from './document-name';
import { DocumentSocket } from './document-socket';
import { Session } from './session';

/**
 * Takes the sockets of browsers. One that names a document, may have it, and begins to sync, gets a session; every other one is closed
 * with a code and a reason.
 */
@WebSocketGateway({ path: DOCUMENTS_PATH, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false })
export class DocumentGateway implements OnGatewayConnection<WebSocket> {
  readonly #node: PgRegistryNode;
  readonly #processes: ProcessService;
  readonly #options: CollaborationOptions;
  readonly #log: LimitedLog;
  #sockets = 0;
  #silentSockets = 0;

  constructor(
    node: PgRegistryNode,
    processes: ProcessService,
    options: CollaborationOptions,
    log: LimitedLog,
  ) {
    this.#node = node;
    this.#processes = processes;
    this.#options = options;
    this.#log = log;
  }

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    const socket = new DocumentSocket(client);
    if (this.#node.state !== 'ready')
      return socket.close(CloseCode.Restart, 'This node stops. Connect again.');
    if (this.#sockets >= MAX_SOCKETS || this.#silentSockets >= MAX_SILENT_SOCKETS)
      return socket.close(CloseCode.TryLater, 'This node serves as many sockets as it can. Try again later.');
    if (!this.#isAllowed(request))
      return socket.close(CloseCode.Unauthorized, "The parameter 'token' is missing or wrong.");
    try {
      this.#expectSync(socket, documentNameIn(request.url ?? ''));
    } catch (error) {
      if (!(error instanceof DocumentNameError)) throw error;
      socket.close(CloseCode.BadName, error.message);
    }
  }

  /** Waits for the first step of the sync, and not for long. */
  #expectSync(socket: DocumentSocket, document: string): void {
    this.#sockets += 1;
    this.#silentSockets += 1;
    let isSilent = true;
    const timer = setTimeout(
      () => socket.close(CloseCode.Silent, `A client must begin to sync within ${SILENCE_MS / 1000} s.`),
      SILENCE_MS,
    );
    const speaks = (): void => {
      if (isSilent) this.#silentSockets -= 1;
      isSilent = false;
      clearTimeout(timer);
    };
    socket.onClose(() => {
      speaks();
      this.#sockets -= 1;
    });
    socket.onMessage((message) => {
      if (message.type !== 'sync') return;
      speaks();
      socket.keepMessages();
      const args = { document, socket, stateVector: message.stateVector };
      this.#processes.start(Session, { args }).catch((error: unknown) => {
        this.#log.warn(
          DocumentGateway.name,
          `No session of '${document}' was started: ${(error as Error).message}`,
        );
        socket.close(CloseCode.TryLater, 'This node cannot take the session. Try again.');
      });
    });
  }

  #isAllowed(request: IncomingMessage): boolean {
    const { accessToken } = this.#options;
    if (accessToken === undefined) return true;
    const given = new URL(request.url ?? '', 'ws://localhost').searchParams.get('token') ?? '';
    return isSameSecret(given, accessToken);
  }
}
