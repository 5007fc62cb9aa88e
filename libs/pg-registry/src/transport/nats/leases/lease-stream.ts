import type { LeaseUnavailable } from '../../../names/lease-store';
import { type NatsServerInfo, peek } from '../nats-client';
import type { JetStreamAnswer, JetStreamApi, NotAnswered } from './jetstream-api';
import { errorIn, JETSTREAM_ERROR, outcomeOf } from './jetstream-errors';
import {
  faultsOfStream,
  microsecondsOf,
  replicasOf,
  replicatesSafely,
  streamConfig,
  type StreamPlan,
} from './stream-shape';
import type { TimeLimit } from './time-limit';

const EMPTY = new Uint8Array();
const ENCODER = new TextEncoder();
/** How long one request about the stream may take. Callers have time limits of their own. */
const REQUEST_MS = 5000;

/** A stream that is as planned. */
export interface StreamLife {
  readonly type: 'life';
  /** The time of its making, in microseconds since 1970. */
  readonly epoch: number;
  /** Whether several servers keep it. */
  readonly isReplicated: boolean;
  /** Whether what this node sends reaches it in order: the connected server keeps it, and belongs to no cluster. */
  readonly isInOrder: boolean;
}

/** What is known of the stream. */
export type StreamState = StreamLife | NotAnswered;

/** What {@link LeaseStream} is given. */
export interface LeaseStreamDeps {
  readonly api: JetStreamApi;
  /** The server, for people: `NATS at 127.0.0.1:4222`. */
  readonly server: () => string;
  readonly serverInfo: () => NatsServerInfo | undefined;
}

/** The stream of one namespace: made if there is none, checked if there is one, and looked at again when there is doubt. */
export class LeaseStream {
  readonly #plan: StreamPlan;
  readonly #deps: LeaseStreamDeps;
  /** What was found last. Undefined: not known, or in doubt. */
  #life: StreamLife | undefined;
  /** When that was asked for, on the monotonic clock. */
  #askedAt = -Infinity;
  /** The question under way, shared by all who wait for it, and since when. */
  #looking: Promise<StreamState> | undefined;
  #lookingSince = Infinity;
  /** The epoch of the life that was found last, also while it is in doubt, and the highest revision that was seen of it. */
  #epoch = 0;
  #revision = 0;

  constructor(plan: StreamPlan, deps: LeaseStreamDeps) {
    this.#plan = plan;
    this.#deps = deps;
  }

  /** The stream and its server, as part of a sentence. */
  get place(): string {
    return `stream ${this.#plan.bucket} on ${this.#deps.server()}`;
  }

  /** The stream as it was found last; undefined: look first. */
  get life(): StreamLife | undefined {
    return this.#life;
  }

  /** Since when a question is under way, by `performance.now()`; Infinity: none is. */
  get askingSince(): number {
    return this.#looking === undefined ? Infinity : this.#lookingSince;
  }

  /** What was found does not count any more: the stream did not answer, or the connection is a new one. */
  doubt(): void {
    this.#life = undefined;
  }

  /** Notes a revision of the present life. Returns false for a new revision that this life has had before: the life must be another one. */
  isHigher(revision: number, isNew: boolean): boolean {
    if (revision > this.#revision) this.#revision = revision;
    else if (isNew) return false;
    return true;
  }

  /**
   * Finds the stream, or makes it.
   *
   * @param notBefore Only the answer to a question that was asked then or later counts, by `performance.now()`.
   */
  async look(time: TimeLimit, notBefore = -Infinity): Promise<StreamState> {
    // A question under way may have been asked too early. The one after it was not.
    for (;;) {
      if (this.#life !== undefined && this.#askedAt >= notBefore) return this.#life;
      const state = await within(time.leftMs, this.#ask());
      if (state === undefined)
        return {
          type: 'unknown',
          reason: `JetStream did not tell of ${this.place} within ${Math.ceil(time.limitMs)} ms.`,
        };
      if (state.type !== 'life') return state;
    }
  }

  #ask(): Promise<StreamState> {
    this.#looking ??= this.#find().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #find(): Promise<StreamState> {
    const askedAt = performance.now();
    this.#lookingSince = askedAt;
    let answer = await this.#request('INFO', EMPTY);
    if (isError(answer, JETSTREAM_ERROR.STREAM_NOT_FOUND)) {
      this.#life = undefined;
      const refusal = this.#refusalOf(this.#plan.replicas ?? 1);
      if (refusal !== undefined) return refusal;
      answer = await this.#request('CREATE', ENCODER.encode(JSON.stringify(streamConfig(this.#plan))));
      // Race: somebody else has just made it, in another way. Then it is judged like any other that exists.
      if (isError(answer, JETSTREAM_ERROR.OTHER_CONFIGURATION)) answer = await this.#request('INFO', EMPTY);
    }
    const state = this.#judge(answer);
    this.#life = state.type === 'life' ? state : undefined;
    this.#askedAt = askedAt;
    return state;
  }

  #request(action: 'INFO' | 'CREATE', bytes: Uint8Array): Promise<JetStreamAnswer> {
    const subject = `$JS.API.STREAM.${action}.${this.#plan.bucket}`;
    return this.#deps.api.ask({ subject, bytes, timeoutMs: REQUEST_MS, accept: tellsOfStream });
  }

  #judge(answer: JetStreamAnswer): StreamState {
    if (answer.type === 'no-responders') return this.#withoutJetStream();
    if (answer.type !== 'answer') return answer;
    const error = errorIn(answer.body);
    if (error !== undefined) return outcomeOf(error, `find or make ${this.place}`);
    const config = peek(answer.body, 'config');
    const faults = faultsOfStream(config, this.#plan);
    if (faults.length > 0) return this.#misshapen(faults);
    const refusal = this.#refusalOf(replicasOf(config));
    if (refusal !== undefined) return refusal;
    const epoch = microsecondsOf(peek(answer.body, 'created'));
    if (epoch === undefined)
      return { type: 'unknown', reason: `JetStream did not say when ${this.place} was made.` };
    if (epoch !== this.#epoch) {
      if (epoch <= this.#epoch + this.#revision) return this.#madeInThePast();
      this.#epoch = epoch;
      this.#revision = 0;
    }
    const isInOrder = this.#isKeptByServer(peek(answer.body, 'cluster'));
    return { type: 'life', epoch, isReplicated: replicasOf(config) > 1, isInOrder };
  }

  /** @param cluster What the answer says about it; servers before 2.10 that have none say nothing */
  #isKeptByServer(cluster: unknown): boolean {
    const server = this.#deps.serverInfo();
    if (server?.jetstream !== true || server.cluster !== undefined) return false;
    const leader = peek(cluster, 'leader') ?? server.server_name;
    return peek(cluster, 'name') === undefined && leader === server.server_name;
  }

  #withoutJetStream(): LeaseUnavailable {
    return {
      type: 'unavailable',
      reason:
        `Nobody answers for JetStream on ${this.#deps.server()}. Cluster names need it: start nats-server with a block ` +
        '`jetstream { store_dir: … }`, or with -js -sd DIR. Without it, set option `names: false`.',
    };
  }

  #misshapen(faults: readonly string[]): LeaseUnavailable {
    return {
      type: 'unavailable',
      reason:
        `The ${this.place} cannot keep claims: ${faults.join('; ')}. Change these points with \`nats stream edit\`; or delete the ` +
        'stream while nobody holds a claim, and the next node makes it anew; or name another one by option `bucket`.',
    };
  }

  #madeInThePast(): LeaseUnavailable {
    return {
      type: 'unavailable',
      reason:
        `The ${this.place} was made anew while the clock of its server stood before the making of the earlier one, so its tokens would not ` +
        'rise. Set the clock, and delete the stream while nobody holds a claim.',
    };
  }

  #refusalOf(replicas: number): LeaseUnavailable | undefined {
    const version = this.#deps.serverInfo()?.version;
    if (replicas === 1 || replicatesSafely(version)) return undefined;
    return {
      type: 'unavailable',
      reason:
        `The ${this.place} must not have ${replicas} replicas: the server has version ${version ?? 'unknown'}, and before 2.10.19 two writes ` +
        'on one revision can both succeed there. Upgrade the servers, or keep one replica (option `replicas: 1`).',
    };
  }
}

function tellsOfStream(body: unknown): boolean {
  return errorIn(body) !== undefined || peek(body, 'config') !== undefined;
}

function isError(answer: JetStreamAnswer, number: number): boolean {
  return answer.type === 'answer' && errorIn(answer.body)?.number === number;
}

/** Resolves with undefined if the work takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
