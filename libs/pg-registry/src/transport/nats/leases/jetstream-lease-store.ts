import type {
  LeaseReadOutcome,
  LeaseRequestOptions,
  LeaseStore,
  LeaseStoreOptions,
  LeaseUnknown,
  LeaseWatch,
  LeaseWrite,
  LeaseWriteOutcome,
} from '../../../names/lease-store';
import { safeCallback } from '../../safe-callback';
import { peek } from '../nats-client';
import { type JetStreamAnswer, JetStreamApi, type JetStreamDeps, type NotAnswered } from './jetstream-api';
import { errorIn, JETSTREAM_ERROR, type JetStreamError, outcomeOf } from './jetstream-errors';
import { LeaseStream, type StreamState } from './lease-stream';
import { recordSubject } from './record-subject';
import { TimeLimit } from './time-limit';

/** A record that frees a key is never longer. Of a longer one only that it was heard is passed on. */
const MOST_HEARD_BYTES = 8 * 1024;
/** A read asks for the life of the stream, too, unless that was asked for less than this ago. */
const LIFE_COUNTS_MS = 1000;
/** How often a request is sent if the stream has gone: the second time it has just been made anew. */
const ATTEMPTS = 2;
/** When a watch of a replicated stream hints again: a write is heard before it is committed, and a read may come in between. */
const SECOND_HINT_MS = 50;

/** What is known of the life of the stream in which a write was made. */
interface LifeAround {
  /** Its epoch, as it was known when the write was sent. */
  readonly before: number;
  /** The answer to a question that was sent behind the write; undefined: none was. */
  readonly behind: Promise<StreamState> | undefined;
  readonly time: TimeLimit;
}

/**
 * Keeps the records of a namespace in a JetStream stream, one message for each: the last one of its subject. A revision is the sequence of
 * that message, an epoch the time at which the stream was made.
 *
 * A write is one request to the server, with its expected revision and its id as headers; a read is one, too. The first request, a read
 * after a second without any, and a write that needs a certain epoch take another one about the stream. A write that is acknowledged was made
 * in the life in which the stream was before the write was sent and is after the server has routed it: lives neither overlap nor come back. The
 * one server that keeps the stream routes what comes over a connection in order, so there the question leaves with the write. In a cluster the
 * two may take ways of their own, so there it leaves after the acknowledgement.
 *
 * A write after the write of another one goes only to a server that keeps the stream alone, where it succeeds if that was the last message of the whole
 * stream. In a cluster the servers have to agree on the order first.
 */
export class JetStreamLeaseStore implements LeaseStore {
  readonly #options: LeaseStoreOptions;
  readonly #deps: JetStreamDeps;
  readonly #api: JetStreamApi;
  readonly #stream: LeaseStream;
  readonly #watches = new Set<LeaseWatch>();

  constructor(options: LeaseStoreOptions, deps: JetStreamDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#api = new JetStreamApi(deps);
    const { bucket, subject, replicas } = options;
    const { server, serverInfo } = deps;
    this.#stream = new LeaseStream(
      { bucket, subjects: `${subject}.*`, replicas },
      { api: this.#api, server, serverInfo },
    );
  }

  get place(): string {
    return this.#stream.place;
  }

  async read(name: string, { timeoutMs }: LeaseRequestOptions): Promise<LeaseReadOutcome> {
    const time = new TimeLimit(timeoutMs);
    const subject = recordSubject(this.#options.subject, name);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const found = this.#stream.life ?? (await this.#stream.look(time));
      if (found.type !== 'life') return found;
      // The question about the life comes first: a record of an earlier life must not pass for one of a later life, where another record may have
      // its revision. Both leave in one turn if the server reads the record second.
      const notBefore = performance.now() - LIFE_COUNTS_MS;
      const looking = this.#stream.look(time, notBefore);
      if (!found.isInOrder || this.#stream.askingSince < notBefore) await looking;
      const [answer, life] = await Promise.all([this.#get(subject, time), looking]);
      if (!isGone(answer)) return life.type === 'life' ? this.#readOutcome(answer, life.epoch) : life;
      this.#stream.doubt();
    }
    return this.#goneAgain();
  }

  async write(write: LeaseWrite, { timeoutMs }: LeaseRequestOptions): Promise<LeaseWriteOutcome> {
    const time = new TimeLimit(timeoutMs);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const found = this.#stream.life ?? (await this.#stream.look(time));
      if (found.type !== 'life') return found;
      if (typeof write.after === 'string' && !found.isInOrder) return { type: 'refused' };
      const put = this.#put(write, time);
      // Right behind the write, where it cannot overtake it: one round trip for both.
      const isFollowed = write.certainEpoch && found.isInOrder;
      const behind = isFollowed ? this.#stream.look(time, performance.now()) : undefined;
      const answer = await put;
      if (!isGone(answer)) return this.#writeOutcome(answer, write, { before: found.epoch, behind, time });
      this.#stream.doubt();
    }
    return this.#goneAgain();
  }

  watch(name: string, onHint: (heard?: Uint8Array) => void): LeaseWatch {
    const hint = safeCallback(onHint, this.#deps.onError);
    let second: NodeJS.Timeout | undefined;
    const hintAgain = (): void => {
      second = undefined;
      hint();
    };
    const subscription = this.#deps.subscribe(recordSubject(this.#options.subject, name), ({ data }) => {
      // Its own memory: a client gives a part of what it has read, up to 64 KB, or a message of any length, and it is kept until the next one.
      hint(data.length > MOST_HEARD_BYTES ? undefined : new Uint8Array(data));
      if (this.#stream.life?.isReplicated === true) second ??= setTimeout(hintAgain, SECOND_HINT_MS).unref();
    });
    const watch: LeaseWatch = {
      stop: () => {
        clearTimeout(second);
        subscription.unsubscribe();
        this.#watches.delete(watch);
      },
    };
    this.#watches.add(watch);
    return watch;
  }

  close(): void {
    for (const watch of this.#watches) watch.stop();
    this.#deps.endRequests();
  }

  /** The connection was lost: the next one may lead to another stream. */
  onDisconnected(): void {
    this.#stream.doubt();
  }

  #get(subject: string, { leftMs: timeoutMs, limitMs }: TimeLimit): Promise<JetStreamAnswer> {
    return this.#api.ask(
      {
        subject: `$JS.API.STREAM.MSG.GET.${this.#options.bucket}`,
        bytes: Buffer.from(JSON.stringify({ last_by_subj: subject })),
        timeoutMs,
        accept: (body) => errorIn(body) !== undefined || peek(body, 'message', 'subject') === subject,
      },
      limitMs,
    );
  }

  #put(
    { name, record, after, id }: LeaseWrite,
    { leftMs: timeoutMs, limitMs }: TimeLimit,
  ): Promise<JetStreamAnswer> {
    const { bucket, subject } = this.#options;
    return this.#api.ask(
      {
        subject: recordSubject(subject, name),
        bytes: record,
        headers: {
          'Nats-Msg-Id': id,
          'Nats-Expected-Stream': bucket,
          [typeof after === 'string' ? 'Nats-Expected-Last-Msg-Id' : 'Nats-Expected-Last-Subject-Sequence']:
            String(after),
        },
        timeoutMs,
        // Another stream that covers the subject acknowledges the message, too.
        accept: (body) => peek(body, 'stream') === bucket,
      },
      limitMs,
    );
  }

  #readOutcome(answer: JetStreamAnswer, epoch: number): LeaseReadOutcome {
    if (answer.type !== 'answer') return this.#noOutcome(answer);
    const error = errorIn(answer.body);
    if (error?.number === JETSTREAM_ERROR.NO_MESSAGE_FOUND) return { type: 'absent', epoch };
    if (error !== undefined) return outcomeOf(error, `read from ${this.place}`);
    const revision = peek(answer.body, 'message', 'seq');
    const data = peek(answer.body, 'message', 'data') ?? '';
    if (!isSequence(revision) || typeof data !== 'string')
      return { type: 'unknown', reason: `JetStream sent an answer from ${this.place} that cannot be read.` };
    this.#stream.isHigher(revision, false);
    return { type: 'found', record: bytesOf(data), revision, epoch };
  }

  async #writeOutcome(
    answer: JetStreamAnswer,
    { certainEpoch }: LeaseWrite,
    { before, behind, time }: LifeAround,
  ): Promise<LeaseWriteOutcome> {
    if (answer.type !== 'answer') return this.#noOutcome(answer);
    const error = errorIn(answer.body);
    if (isOtherRecord(error)) return { type: 'refused' };
    if (error !== undefined) return outcomeOf(error, `write to ${this.place}`);
    const revision = peek(answer.body, 'seq');
    if (!isSequence(revision))
      return { type: 'unknown', reason: `JetStream sent an answer from ${this.place} that cannot be read.` };
    const repeated = peek(answer.body, 'duplicate') === true;
    const written = { type: 'written', revision, repeated } as const;
    const isHigher = this.#stream.isHigher(revision, !repeated);
    if (isHigher && !certainEpoch) return { ...written, epoch: before };
    let life = isHigher ? await behind : undefined;
    if (life?.type !== 'life' || !life.isInOrder) life = await this.#stream.look(time, performance.now());
    if (life.type === 'life' && life.epoch === before) return { ...written, epoch: before };
    // Race: the stream was made anew around the write. Which of the two has it is not known.
    const why = life.type === 'life' ? `The ${this.place} was made anew meanwhile.` : life.reason;
    return { type: 'unknown', reason: why };
  }

  #noOutcome(answer: Exclude<JetStreamAnswer, { type: 'answer' }>): NotAnswered {
    // A write that a listener heard gets no answer if the stream is gone: that shows only when it is looked for.
    if (answer.type === 'unknown') this.#stream.doubt();
    return answer.type === 'no-responders' ? this.#goneAgain() : answer;
  }

  #goneAgain(): LeaseUnknown {
    return { type: 'unknown', reason: `The ${this.place} was deleted again and again.` };
  }
}

/** Whether the stream has gone: nobody has got the request. */
function isGone(answer: JetStreamAnswer): boolean {
  if (answer.type === 'no-responders') return true;
  return answer.type === 'answer' && errorIn(answer.body)?.number === JETSTREAM_ERROR.STREAM_NOT_FOUND;
}

/** Whether a write was refused because the last record is not the one that it named. */
function isOtherRecord(error: JetStreamError | undefined): boolean {
  return error?.number === JETSTREAM_ERROR.WRONG_SEQUENCE || error?.number === JETSTREAM_ERROR.WRONG_LAST_ID;
}

function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** In memory of its own, unlike a small Buffer. */
function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
