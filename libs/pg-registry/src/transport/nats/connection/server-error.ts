import { type NatsClient, peek, reasonOf } from '../nats-client';

/** What a server reported as an error on a connection. */
export type ServerError =
  /** The user may not publish or subscribe to a subject. */
  | { readonly type: 'permission'; readonly operation: 'publish' | 'subscribe'; readonly subject: string }
  /** A message was larger than the server, the account or the user allows. The server closes the connection. */
  | { readonly type: 'max-payload' }
  /** The connection has more subscriptions than the server, the account or the user allows. */
  | { readonly type: 'max-subscriptions' }
  /** Anything else. */
  | { readonly type: 'other'; readonly text: string };

/**
 * Reads a status `error`. `nats` 2 puts a code into `data` and details beside it, and its text only where the client remembers its
 * last error; `@nats-io/transport-node` 3 puts an error into `error`.
 */
export function serverErrorIn(status: object, client: NatsClient): ServerError {
  const error = peek(status, 'error');
  const context = error === undefined ? peek(status, 'permissionContext') : error;
  const subject = peek(context, 'subject');
  if (typeof subject === 'string') {
    const operation = peek(context, 'operation') === 'publish' ? 'publish' : 'subscribe';
    return { type: 'permission', operation, subject };
  }
  const code = String(peek(status, 'data'));
  const last = peek(client, 'protocol', 'lastError');
  const text = reasonOf(error ?? (peek(last, 'code') === code ? last : code));
  if (/maximum payload/i.test(text)) return { type: 'max-payload' };
  if (/maximum subscriptions/i.test(text)) return { type: 'max-subscriptions' };
  return { type: 'other', text };
}

/** Whether a server did not permit a message to a subject. */
export function isDenial(error: ServerError): error is Extract<ServerError, { type: 'permission' }> {
  return error.type === 'permission' && error.operation === 'publish';
}

/** Describes what a server does not allow, as part of a sentence. */
export function describeServerError(error: ServerError): string {
  switch (error.type) {
    case 'permission': {
      const what = error.operation === 'publish' ? 'publish' : 'subscribe';
      return `the NATS server does not permit the node's user to ${what} to ${error.subject}`;
    }
    case 'max-payload':
      return 'the NATS server closed the connection over a message that was larger than it takes';
    case 'max-subscriptions':
      return 'the NATS server allows the node fewer subscriptions than it needs';
    case 'other':
    default:
      return `the NATS server reported an error: ${error.text}`;
  }
}

/** What to do about it, in a sentence; empty if nothing is known. */
export function adviceAbout(error: ServerError): string {
  const { type } = error;
  if (type === 'permission') {
    const more = error.subject.startsWith('$SRV.') ? ', { services: true }' : '';
    return `Give that user what permissionsOf(namespace, node${more}) returns.`;
  }
  if (type === 'max-subscriptions') return 'Raise max_subscriptions of the server, or `subs` of the account.';
  return '';
}

/** Describes what a server does not allow, and what to do about it, in sentences. */
export function reportOf(error: ServerError): string {
  const what = describeServerError(error);
  return `${what.charAt(0).toUpperCase()}${what.slice(1)}. ${adviceAbout(error)}`.trimEnd();
}
