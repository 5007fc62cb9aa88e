import type {
  Connection,
  ConnectionStatus,
  RequestOutcome,
  Transport,
} from '../../../libs/pg-registry/src/transport';

/** A connected node of a transport test, with everything that the transport reported to it. */
export interface Participant extends Connection {
  readonly node: string;
  readonly statuses: readonly ConnectionStatus[];
  readonly errors: readonly Error[];
  readonly warnings: readonly string[];
  /** Nodes whose connections the broker reported as closed. */
  readonly gone: readonly string[];
}

/** Connects a node, and collects what the transport reports. */
export async function participate(
  transport: Transport,
  node: string,
  timeoutMs = 30_000,
): Promise<Participant> {
  const statuses: ConnectionStatus[] = [];
  const errors: Error[] = [];
  const warnings: string[] = [];
  const gone: string[] = [];
  const connection = await transport.connect({
    node,
    replies: `test.reply.${node}.>`,
    timeoutMs,
    onStatus: (status) => statuses.push(status),
    onError: (error) => errors.push(error),
    onWarning: (warning) => warnings.push(warning),
    onGone: (name) => gone.push(name),
  });
  return Object.assign(connection, { node, statuses, errors, warnings, gone });
}

/** Collects the texts that reach a subject. */
export async function collect(to: Participant, subject: string): Promise<string[]> {
  const texts: string[] = [];
  to.subscribe(subject, (_, message) => texts.push(text(message)));
  await to.flush();
  return texts;
}

let requests = 0;

/** Sends a request, and resolves with its outcome. */
export function ask(
  from: Participant,
  subject: string,
  question = '',
  timeoutMs = 30_000,
): Promise<RequestOutcome> {
  const reply = `test.reply.${from.node}.r${requests++}`;
  return new Promise((resolve) =>
    from.request(subject, bytes(question), { reply, timeoutMs }, (outcome) => {
      resolve(outcome);
      return true;
    }),
  );
}

/** The text of an answer, or how else the request ended. */
export function answerIn(outcome: RequestOutcome): string {
  return outcome.type === 'answer' ? text(outcome.bytes) : outcome.type;
}

export function bytes(message: string): Uint8Array {
  return new TextEncoder().encode(message);
}

export function text(message: Uint8Array): string {
  return new TextDecoder().decode(message);
}
