import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
/** @ts-ignore As a doc comment it stays in the declarations, which must compile without this optional package. */
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { defer, finalize, type Observable } from 'rxjs';
import { PgRegistryNode, systemClock, unguessableNumbers } from '../node';
import { type CallContext, type Handler, HandlerTable } from '../calls';
import { type LocalProcess, SharedTurns } from '../lifetime';
import { ProcessService } from '../process';
import { describeValue, InvalidArgumentError, NoHandlerError, type Pid } from '../term';
import {
  normalMicroserviceOptions,
  type NormalMicroserviceOptions,
  type PgRegistryMicroserviceOptions,
} from './microservice-options';
import { checkInjected, NodeConnection, type RegistryEvents, type RegistryStatus } from './node-connection';
import { ownPayload } from './payload';
import { RegistryContext } from './registry-context';
import { begunInTurn } from './reply-source';
import { ReplyWriter } from './reply-writer';
import { RunningHandlers } from './running-handlers';
import { StreamBacklogs } from './stream-backlogs';
import {
  checked,
  CREDIT,
  type Credit,
  EVENT,
  isCredit,
  isEvent,
  isOfNode,
  isRequest,
  type PatternValue,
  type Request,
  REQUEST,
  RPC_SCOPE,
  type RpcEvent,
  VALUES,
} from './rpc-message';

/** The transport id of {@link PgRegistryServer}. A handler of `@MessagePattern(pattern, PG_REGISTRY_TRANSPORT)` belongs to no other transport. */
export const PG_REGISTRY_TRANSPORT = Symbol('pg-registry');

/** Patterns are keys: of a longer one than keys may be by default, only the text itself is looked for. */
const LONGEST_PARSED = 4096;

/** How long a closing server waits until every peer has removed its handlers. Later requests are refused. */
const REMOVAL_TIMEOUT_MS = 1000;

/**
 * Nest's microservice transport over the registry: `app.connectMicroservice({ strategy: app.get(PgRegistryServer) })`.
 *
 * `listen` registers every pattern, as Nest normalises it, in scope `'rpc'` for one process of this node. It does so as soon as the
 * application has bootstrapped, so that no call reaches a half-started controller. Guards, pipes, interceptors and filters
 * run as on Nest's own transports.
 */
@Injectable()
export class PgRegistryServer
  extends Server<RegistryEvents, RegistryStatus>
  implements CustomTransportStrategy, OnApplicationBootstrap
{
  override transportId: symbol = PG_REGISTRY_TRANSPORT;
  readonly #connection: NodeConnection;
  readonly #nextNumber = unguessableNumbers();
  readonly #streams = new Map<number, Stream>();
  readonly #backlogs = new StreamBacklogs();
  readonly #warnOfTeardown = (error: unknown): void =>
    this.#warn('teardown', 'Ending the stream of a handler failed', error);
  /** When streams begin and send. */
  readonly #turns = new SharedTurns({
    timers: systemClock,
    onError: this.#warnOfTeardown,
    hold: () => this.#node.congestion(),
  });
  readonly #running = new RunningHandlers();
  #options: NormalMicroserviceOptions = normalMicroserviceOptions({});
  #bootstrapped = false;
  #listening = false;
  #process: LocalProcess | undefined;
  #closed: Promise<void> | undefined;

  readonly #processes: ProcessService;
  readonly #node: PgRegistryNode;

  /** Made by Nest: a provider of `PgRegistryModule`. */
  constructor(processes: ProcessService, node: PgRegistryNode) {
    super();
    checkInjected(
      'PgRegistryServer',
      node,
      'PgRegistryModule provides it: take it as strategy: app.get(PgRegistryServer), or inject it into a useFactory.',
    );
    this.#processes = processes;
    this.#node = node;

    this.#connection = new NodeConnection(node);
  }

  /**
   * Sets options before the server listens: `strategy: app.get(PgRegistryServer).configure({ queue: 'shop' })`.
   *
   * @throws InvalidOptionError naming the offender.
   */
  configure(options: PgRegistryMicroserviceOptions): this {
    this.#options = normalMicroserviceOptions(options);
    return this;
  }

  /** Whether the node is connected, now and after each change. */
  override get status(): Observable<RegistryStatus> {
    return this.#connection.status$;
  }

  /**
   * Registers the handlers: now, or as soon as the application has bootstrapped.
   *
   * @param callback Called with InvalidArgumentError naming the pattern, if one has a wildcard: keys are literal.
   */
  listen(callback: (error?: unknown) => unknown): void {
    try {
      for (const pattern of this.messageHandlers.keys()) checkPattern(pattern);
      this.#listening = true;
      this.#registerHandlers();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /** Registers the handlers if `listen` was called. Called by Nest. */
  onApplicationBootstrap(): void {
    this.#bootstrapped = true;
    this.#registerHandlers();
  }

  /**
   * Removes the handlers. Their entries leave and peers learn of it; running handlers get at most `gracePeriodMs` to finish; later
   * requests are refused before any handler sees them, so that their callers ask another member. Does nothing if the node
   * has drained already. Idempotent; never rejects.
   */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /** Returns the node: a `PgRegistryNode`. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.#node as T;
  }

  /** Calls back when the node is disconnected, connected again, or its peers change, until {@link close}. */
  on<E extends keyof RegistryEvents>(event: E, callback: RegistryEvents[E]): void {
    this.#connection.on(event, callback);
  }

  #registerHandlers(): void {
    if (!this.#bootstrapped || !this.#listening || this.#process?.alive) return;
    const registry = this.#node.ensureScope(RPC_SCOPE);
    this.#closed = undefined;
    this.#process = this.#processes.mount({ label: 'rpc', handlers: this.#handlers(), serial: false });
    for (const [pattern, handler] of this.messageHandlers) {
      const queue = (handler.extras?.['queue'] as string | undefined) ?? this.#options.queue;
      const value: PatternValue = queue === undefined ? null : { queue };
      registry.join(pattern, this.#process.pid, value);
    }
  }

  async #close(): Promise<void> {
    const process = this.#process;
    this.#listening = false;
    this.#connection.close();
    if (process?.alive !== true) return;
    const registry = this.#node.scope(RPC_SCOPE);
    for (const pattern of this.messageHandlers.keys()) registry.leave(pattern, process.pid);
    await registry.replicated({ timeoutMs: REMOVAL_TIMEOUT_MS }).catch(() => undefined);
    await this.#running.finished(this.#options.gracePeriodMs);
    process.exit('shutdown');
  }

  #handlers(): HandlerTable {
    return new HandlerTable('The microservice', {
      calls: new Map<string, Handler>([
        [
          REQUEST,
          (payload, call) => this.#running.add(this.#answer(checked(payload, isRequest, 'a request'), call)),
        ],
      ]),
      casts: new Map<string, Handler>([
        [
          EVENT,
          (payload, call) =>
            this.#running.add(this.#handleEvent(checked(payload, isEvent, 'an event'), call)),
        ],
        [CREDIT, (payload, { caller }) => this.#allow(checked(payload, isCredit, 'a credit'), caller)],
      ]),
    });
  }

  /** Sets the hook that Nest calls before it handles something. Called by Nest, if somebody traces. */
  override setOnProcessingStartHook(hook: Parameters<Server['setOnProcessingStartHook']>[0]): void {
    super.setOnProcessingStartHook((transportId, context, done) =>
      // The hook may drop the promise of what it is given, so that one must not reject.
      hook(transportId, context, async () => {
        try {
          await done();
        } catch (error) {
          this.#warn('event', 'The handler of an event failed', error);
        }
      }),
    );
  }

  async #handleEvent({ pattern, data }: RpcEvent, call: CallContext): Promise<void> {
    // Nest would log an error for each, and peers can send many.
    if (!this.#handles(pattern)) {
      return this.#warn(
        'no event handler',
        `An event ${describeValue(pattern)} was dropped: it has no handler here.`,
      );
    }
    await this.handleEvent(
      pattern,
      { pattern, data: ownPayload(data) },
      new RegistryContext([pattern, call]),
    );
  }

  #answer({ pattern, data, replyTo, id }: Request, call: CallContext): Promise<unknown> {
    const context = new RegistryContext([pattern, call]);
    if (!isOfNode(replyTo, call.caller)) {
      throw new InvalidArgumentError(
        'The `replyTo` of a request must be a process of the node that sent it. Nothing was executed.',
      );
    }
    const from = this.#process!.pid;
    const stream = this.#nextNumber();
    const writer = new ReplyWriter({
      signal: call.signal,
      node: replyTo.node,
      backlog: this.#backlogs.begin(replyTo.node),
      turns: this.#turns,
      onStreaming: () => this.#streams.set(stream, { writer, replyTo }),
      onError: this.#warnOfTeardown,
      send: (ahead, values) => this.#processes.cast(replyTo, VALUES, { id, ahead, values, from, stream }),
    });
    return new Promise<unknown>((resolve, reject) => {
      // The hook may drop the promise of what it is given, so that one must not reject; and it may throw or reject itself.
      const process = async (): Promise<void> => {
        try {
          resolve(await writer.write(this.#replies(pattern, ownPayload(data), context, replyTo.node)));
        } catch (error) {
          reject(error);
        }
      };
      Promise.resolve(this.onProcessingStartHook(this.transportId, context, process)).catch(reject);
    }).finally(() => {
      this.#streams.delete(stream);
      this.#backlogs.end(replyTo.node);
    });
  }

  #replies(pattern: string, data: unknown, context: RegistryContext, node: string): Observable<unknown> {
    const handler = this.messageHandlers.get(pattern);
    if (handler === undefined)
      throw new NoHandlerError(
        `This node has no handler for ${describeValue(pattern)} (any more). The request was not handled.`,
      );
    const result = (): unknown =>
      begunInTurn(handler(data, context), this.#turns, node, this.#warnOfTeardown);
    return defer(() => this.transformToObservable(result() as Promise<unknown>)).pipe(
      finalize(() => this.#ended(context)),
    );
  }

  #ended(context: RegistryContext): void {
    try {
      // Nest sets the hook only if somebody traces.
      (this.onProcessingEndHook as typeof this.onProcessingEndHook | undefined)?.(this.transportId, context);
    } catch (error) {
      this.#warn('end hook', 'The hook for the end of a request failed', error);
    }
  }

  /** Logs, at most one line of a kind per interval. */
  #warn(kind: string, message: string, error?: unknown): void {
    this.#node.logFailure(RPC_SCOPE, kind, message, error);
  }

  /** Whether Nest would find a handler for an event of this pattern. */
  #handles(pattern: string): boolean {
    if (this.messageHandlers.has(pattern)) return true;
    // Nest parses it as JSON, which takes a quarter of a second for a megabyte of brackets.
    return pattern.length <= LONGEST_PARSED && this.getHandlerByPattern(pattern) !== null;
  }

  /** Takes credit only from the node that gets the stream. That of a stream which has ended is dropped silently. */
  #allow({ stream, upTo }: Credit, caller: Pid): void {
    const found = this.#streams.get(stream);
    if (found === undefined) return;
    if (!isOfNode(found.replyTo, caller))
      throw new InvalidArgumentError('A peer sent credit for a stream that is not its own. It was dropped.');
    found.writer.allow(upTo);
  }
}

/** A stream of values to a caller. */
interface Stream {
  readonly writer: ReplyWriter;
  /** The caller's process, which gets them. */
  readonly replyTo: Pid;
}

/**
 * Refuses patterns that cannot work: keys are literal, so a NATS wildcard would never match anything.
 *
 * @param pattern As Nest has normalised it.
 * @throws InvalidArgumentError naming the pattern.
 */
function checkPattern(pattern: unknown): void {
  if (typeof pattern !== 'string' || pattern === '')
    throw new InvalidArgumentError(
      `A pattern must be a string that is not empty, a number or an object (got ${String(pattern)}). No handler was registered.`,
    );
  const tokens = pattern.split('.');
  if (!tokens.includes('*') && tokens.at(-1) !== '>') return;
  throw new InvalidArgumentError(
    `A pattern must not have a NATS wildcard (got '${pattern}'), because the registry addresses handlers by literal keys. List ` +
      'the patterns, as in @EventPattern([…]), or leave this one to Transport.NATS. No handler was registered.',
  );
}
