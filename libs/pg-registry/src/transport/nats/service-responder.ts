import type { ServiceDescription, ServiceEndpoint, ServiceFacts } from '../service-description';
import type { ConnectOptions, OnMessage } from '../transport';
import type { NatsConnection } from './connection/nats-connection';

/** The name under which all nodes of all clusters answer. */
const NAME = 'pg-registry';
const VERBS = ['PING', 'INFO', 'STATS'] as const;
/** So many handlers are shown: those that ran most. */
const MOST_ENDPOINTS = 100;
/** All answers of a node together have so many bytes in a second, and after a quiet time so many at once. */
const BYTES_PER_SECOND = 20_000;
const MOST_SAVED_BYTES = 100_000;
const LONGEST_REPLY = 256;
/** Of so many answers the node remembers where they went, to know when the broker refuses them. */
const MOST_REMEMBERED = 64;

type Verb = (typeof VERBS)[number];

/**
 * Answers `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, as NATS' ADR-32 says, for one connection of a node. Who asks is no node, so what comes
 * is read by nobody else; all answers together stay within a share of bytes, and beyond it there is silence.
 *
 * An answer goes where the asker says, with the permissions of the node. So it goes to no subject of this library, and to none of the
 * server's: otherwise somebody could let one node speak to another, or to JetStream, in its name.
 */
export class ServiceResponder {
  /** The options of the node's connection, which needs a little more of the broker. */
  readonly options: ConnectOptions;
  readonly #facts: ServiceFacts;
  readonly #now: () => number;
  readonly #remembered = new Set<string>();
  #bytes = MOST_SAVED_BYTES;
  #at: number;
  #hasWarned = false;

  /** @returns Undefined, with a warning, if the node tells nothing. */
  static of(node: ConnectOptions): ServiceResponder | undefined {
    if (node.service !== undefined) return new ServiceResponder(node, node.service);
    node.onWarning(
      "Option 'services' of natsTransport has no effect: nobody can look into a node with observer: false.",
    );
    return undefined;
  }

  /** @param now Monotonic milliseconds. */
  constructor(node: ConnectOptions, facts: ServiceFacts, now: () => number = () => performance.now()) {
    this.#facts = facts;
    this.#now = now;
    this.#at = now();
    this.options = {
      ...node,
      onRefused: (subject) => this.#refused(subject) || (node.onRefused?.(subject) ?? false),
      ...(node.needs && {
        needs: { ...node.needs, subscribe: [...node.needs.subscribe, ...subjectsOf(facts.describe().id)] },
      }),
    };
  }

  /** Answers on this connection until it ends. */
  attach(connection: Pick<NatsConnection, 'subscribe' | 'publish'>): void {
    const take: OnMessage = (subject, _bytes, reply) => {
      const bytes = this.answerTo(subject, reply);
      if (bytes !== undefined) connection.publish(reply, bytes);
    };
    for (const subject of subjectsOf(this.#facts.describe().id)) connection.subscribe(subject, take, take);
  }

  /** Returns the answer to a question; undefined: there is none, or no room for one, or it must not go there. */
  answerTo(subject: string, reply: string): Uint8Array | undefined {
    const verb = VERBS.find((one) => one === subject.split('.')[1]);
    if (verb === undefined || !isAddress(reply)) return undefined;
    const now = this.#now();
    this.#bytes = Math.min(
      MOST_SAVED_BYTES,
      this.#bytes + (Math.max(0, now - this.#at) / 1000) * BYTES_PER_SECOND,
    );
    this.#at = now;
    if (this.#bytes <= 0) return undefined;
    const answer = Buffer.from(JSON.stringify(this.#answer(verb)));
    this.#bytes -= answer.length;
    this.#remembered.delete(reply);
    this.#remembered.add(reply);
    const [oldest = ''] = this.#remembered;
    if (this.#remembered.size > MOST_REMEMBERED) this.#remembered.delete(oldest);
    return answer;
  }

  #answer(verb: Verb): object {
    const description = this.#facts.describe();
    const { id, version, metadata } = description;
    const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
    const head = { name: NAME, id, version, metadata, type };
    if (verb === 'PING') return head;
    const endpoints = this.#facts
      .endpoints()
      .toSorted((a, b) => b.runs - a.runs)
      .slice(0, MOST_ENDPOINTS);
    return verb === 'INFO'
      ? {
          ...head,
          description: description.description,
          endpoints: endpoints.map((endpoint) => endpointOf(endpoint, description)),
        }
      : {
          ...head,
          started: new Date(description.startedAt).toISOString(),
          endpoints: endpoints.map((endpoint) => ({
            ...endpointOf(endpoint, description),
            ...figuresOf(endpoint),
          })),
        };
  }

  /** The broker does not permit an answer: the node is well without. */
  #refused(subject: string): boolean {
    if (!this.#remembered.has(subject)) return false;
    if (!this.#hasWarned)
      this.options.onWarning(
        `The NATS server does not permit the node's user to answer who looks for services on ${subject}. Give that user what ` +
          'permissionsOf(namespace, node, { services: true }) returns.',
      );
    this.#hasWarned = true;
    return true;
  }
}

/** Where is asked: of everybody, of every node, and of this one. */
function subjectsOf(id: string): readonly string[] {
  return ['$SRV.*', `$SRV.*.${NAME}`, `$SRV.*.${NAME}.${id}`];
}

function isAddress(reply: string): boolean {
  return reply.length <= LONGEST_REPLY && /^[^\s.*>$][^\s*>]*$/.test(reply) && !/^pgr(?:\.|$)/.test(reply);
}

/** Names of endpoints are of letters, digits, `-` and `_`. */
function endpointOf({ handler }: ServiceEndpoint, { subject }: ServiceDescription): object {
  return { name: handler.replaceAll(/[^\w-]/g, '_'), subject, queue_group: '', metadata: { handler } };
}

function figuresOf({ runs, errors, totalMs }: ServiceEndpoint): object {
  const nanoseconds = Math.round(totalMs * 1_000_000);
  return {
    num_requests: runs,
    num_errors: errors,
    last_error: '',
    processing_time: nanoseconds,
    average_processing_time: runs === 0 ? 0 : Math.round(nanoseconds / runs),
  };
}
