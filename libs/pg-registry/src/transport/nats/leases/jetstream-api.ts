import type { LeaseUnavailable, LeaseUnknown, LeaseUnreachable } from '../../../names/lease-store';
import type { Subscription } from '../../transport';
import type { NatsServerInfo } from '../nats-client';
import type { BrokerOutcome, BrokerRequest } from '../connection/broker-requests';

/** What the lease store needs of the connection of its node. */
export interface JetStreamDeps {
  /** Where the node is connected, for people: `NATS at 127.0.0.1:4222`. */
  readonly server: () => string;
  /** What that server says of itself. */
  readonly serverInfo: () => NatsServerInfo | undefined;
  readonly isConnected: () => boolean;
  /** Sends a request before it returns. */
  readonly ask: (request: BrokerRequest) => Promise<BrokerOutcome>;
  /** Ends every request of the store, and refuses further ones. */
  readonly endRequests: () => void;
  /** Calls back for everything that is published to a subject. The callback may throw. */
  readonly subscribe: (
    subject: string,
    onMessage: (message: { readonly data: Uint8Array }) => void,
  ) => Subscription;
  /** Receives what the callback of a watch threw. */
  readonly onError: (error: Error) => void;
}

/** Why a request has no answer, in the words of the port. */
export type NotAnswered = LeaseUnknown | LeaseUnreachable | LeaseUnavailable;

/** What JetStream answered to a request, or why it did not. */
export type JetStreamAnswer =
  { readonly type: 'answer'; readonly body: unknown } | { readonly type: 'no-responders' } | NotAnswered;

/** Asks JetStream over the connection of a node, and says in the words of the port why there is no answer. */
export class JetStreamApi {
  readonly #deps: JetStreamDeps;

  constructor(deps: JetStreamDeps) {
    this.#deps = deps;
  }

  /**
   * Sends a request before it returns, unless the node is not connected. Never rejects.
   *
   * @param limitMs How long the call may take that makes the request. That is what people are told if there is no answer in time: little of
   *   it may be left for its last request.
   */
  async ask(request: BrokerRequest, limitMs: number = request.timeoutMs): Promise<JetStreamAnswer> {
    const { server, isConnected } = this.#deps;
    if (!isConnected()) return { type: 'unreachable', reason: `The node is not connected to ${server()}.` };
    const outcome = await this.#deps.ask(request);
    switch (outcome.type) {
      case 'answer':
      case 'no-responders':
        return outcome;
      case 'denied':
        return { type: 'unavailable', reason: deniedText(request.subject) };
      case 'timeout':
        return {
          type: 'unknown',
          reason: `JetStream on ${server()} did not answer within ${Math.ceil(limitMs)} ms.`,
        };
      case 'lost':
        return {
          type: 'unknown',
          reason: `The connection to ${server()} was lost before JetStream answered.`,
        };
      case 'unsent':
      default: {
        const reason = `A request to ${request.subject} was not sent to ${server()}: ${outcome.reason}.`;
        return { type: isConnected() ? 'unavailable' : 'unreachable', reason };
      }
    }
  }
}

function deniedText(subject: string): string {
  const denied = `The NATS server does not permit the node's user to publish to ${subject}.`;
  const remedy = subject.startsWith('$JS.API.STREAM.CREATE.')
    ? 'The stream does not exist: make it as docs/guide/security.md says, or start a node once whose user has what ' +
      'permissionsOf(namespace, node, { names: { create: true } }) returns.'
    : 'Give that user what permissionsOf(namespace, node) returns.';
  return `${denied} ${remedy}`;
}
