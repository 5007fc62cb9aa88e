/** One message of an input. What `kind`, `how` and `wait` mean is up to the target; each takes every number from 0 to 255. */
export interface Message {
  /** For frames the number of their kind (wire/frame-kinds.ts). */
  readonly kind: number;
  /** Chooses how the message is delivered, for instance on which subject. */
  readonly how: number;
  /** Chooses how much time passes afterwards. */
  readonly wait: number;
  readonly body: Uint8Array;
}

/** What one execution is given: the messages of one conversation, in order. */
export type Input = readonly Message[];

/** What a message takes beside its body: envelope and subject. */
export const MESSAGE_BYTES = 64;

/** The bytes that whoever sends the input has to send. */
export function sizeOf(input: Input): number {
  return input.reduce((sum, { body }) => sum + MESSAGE_BYTES + body.length, 0);
}

/** Writes an input as one line of JSON: `[kind, how, wait, body]` for each message, the body in base64. */
export function encodeInput(input: Input): string {
  return JSON.stringify(
    input.map(({ kind, how, wait, body }) => [kind, how, wait, Buffer.from(body).toString('base64')]),
  );
}

/** Reads what {@link encodeInput} wrote. @throws Error for anything else */
export function decodeInput(line: string): Input {
  const messages: unknown = JSON.parse(line);
  if (!Array.isArray(messages)) throw new Error('An input must be a list of messages.');
  return messages.map((message: unknown) => {
    if (!Array.isArray(message)) throw new Error('A message must be [kind, how, wait, body].');
    const [kind, how, wait, body] = message as unknown[];
    if (
      typeof kind !== 'number' ||
      typeof how !== 'number' ||
      typeof wait !== 'number' ||
      typeof body !== 'string'
    )
      throw new Error('A message must be [kind, how, wait, body].');
    return { kind, how, wait, body: Uint8Array.from(Buffer.from(body, 'base64')) };
  });
}
