import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
/** @ts-ignore As a doc comment it stays in the declarations, which must compile without this optional package. */
import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { defer, finalize, type Observable } from 'rxjs';
import { PgRegistryNode } from '../node';
import { type CallContext, type Handler, HandlerTable } from '../calls';
import { type LocalProcess } from '../lifetime';
import { ProcessService } from '../process';
import { NoHandlerError } from '../term';
import {
  normalMicroserviceOptions,
  type NormalMicroserviceOptions,
  type PgRegistryMicroserviceOptions,
} from './microservice-options';
import { NodeConnection, type RegistryEvents, type RegistryStatus } from './node-connection';
import { ownPayload } from './payload';
import { checkPattern } from './pattern';
import { RegistryContext } from './registry-context';
import { ReplyWriter } from './reply-writer';
import { CREDIT, type Credit, EVENT, type Request, REQUEST, type RpcEvent, VALUES } from './rpc-message';
import { type PatternValue, RPC_SCOPE } from './rpc-scope';
import { RunningWork } from './running-work';

/** The transport id of {@link PgRegistryServer}: handlers of `@MessagePattern(pattern, PG_REGISTRY_TRANSPORT)` are its alone. */
export const PG_REGISTRY_TRANSPORT = Symbol('pg-registry');

/** How long peers may take to learn that a closing server's handlers are gone; then they are told by refusals. */
const FAREWELL_MS = 1000;

/**
 * Nest's microservice transport over the registry: `app.connectMicroservice({ strategy: app.get(PgRegistryServer) })`.
 *
 * `listen` registers every pattern in scope `'rpc'`, under the form to which Nest normalises it, for one process of this node,
 * as soon as the application has bootstrapped: no call reaches a half-started controller. Guards, pipes, interceptors and
 * filters run as on Nest's own transports.
 */
@Injectable()
export class PgRegistryServer
  extends Server<RegistryEvents, RegistryStatus>
  implements CustomTransportStrategy, OnApplicationBootstrap
{
  override transportId: symbol = PG_REGISTRY_TRANSPORT;
  readonly #connection: NodeConnection;
  readonly #streams = new Map<number, ReplyWriter>();
  readonly #work = new RunningWork();
  #options: NormalMicroserviceOptions = normalMicroserviceOptions({});
  #lastStream = 0;
  #bootstrapped = false;
  #listening = false;
  #process: LocalProcess | undefined;
  #closed: Promise<void> | undefined;

  readonly #processes: ProcessService;
  readonly #node: PgRegistryNode;

  /** Made by Nest: a provider of `PgRegistryModule`. */
  constructor(processes: ProcessService, node: PgRegistryNode) {
    super();
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
   * Offers the handlers, now or, before the application has bootstrapped, then.
   *
   * @param callback Gets InvalidArgumentError naming a pattern that has a wildcard: keys are literal.
   */
  listen(callback: (error?: unknown) => unknown): void {
    try {
      for (const pattern of this.messageHandlers.keys()) checkPattern(pattern);
      this.#listening = true;
      this.#offer();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /** Called by Nest. */
  onApplicationBootstrap(): void {
    this.#bootstrapped = true;
    this.#offer();
  }

  /**
   * Withdraws the handlers: entries leave and peers learn of it, requests that are being handled finish, at most
   * `gracePeriodMs`, and those that come too late are refused unseen, so that their callers ask another member. When the node
   * has drained already nothing is left to do. Idempotent; never rejects.
   */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  /** The node: a `PgRegistryNode`. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.#node as T;
  }

  /** Calls back when the node is disconnected, connected again, or its peers change; until {@link close}. */
  on<E extends keyof RegistryEvents>(event: E, callback: RegistryEvents[E]): void {
    this.#connection.on(event, callback);
  }

  #offer(): void {
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
    await registry.replicated({ timeoutMs: FAREWELL_MS }).catch(() => undefined);
    await this.#work.finished(this.#options.gracePeriodMs);
    process.exit('shutdown');
  }

  #handlers(): HandlerTable {
    return new HandlerTable('The microservice', {
      calls: new Map<string, Handler>([
        [REQUEST, (payload, call) => this.#work.add(this.#answer(payload as unknown as Request, call))],
      ]),
      casts: new Map<string, Handler>([
        [EVENT, (payload, call) => this.#work.add(this.#handleEvent(payload as unknown as RpcEvent, call))],
        [CREDIT, (payload) => this.#allow(payload as unknown as Credit)],
      ]),
    });
  }

  async #handleEvent({ pattern, data }: RpcEvent, call: CallContext): Promise<void> {
    await this.handleEvent(
      pattern,
      { pattern, data: ownPayload(data) },
      new RegistryContext([pattern, call]),
    );
  }

  #answer({ pattern, data, replyTo, id }: Request, call: CallContext): Promise<unknown> {
    const context = new RegistryContext([pattern, call]);
    const from = this.#process!.pid;
    const stream = (this.#lastStream += 1);
    const writer = new ReplyWriter({
      signal: call.signal,
      onStreaming: () => this.#streams.set(stream, writer),
      send: (ahead, values) => this.#processes.cast(replyTo, VALUES, { id, ahead, values, from, stream }),
    });
    return new Promise<unknown>((resolve, reject) => {
      this.onProcessingStartHook(this.transportId, context, async () => {
        const replies = this.#replies(pattern, ownPayload(data), context);
        await writer.write(replies).then(resolve, reject);
      });
    }).finally(() => this.#streams.delete(stream));
  }

  #replies(pattern: string, data: unknown, context: RegistryContext): Observable<unknown> {
    const handler = this.messageHandlers.get(pattern);
    if (handler === undefined)
      throw new NoHandlerError(`There is no handler for '${pattern}' here any more.`);
    return defer(() => this.transformToObservable(handler(data, context) as Promise<unknown>)).pipe(
      // Set by Nest only where somebody traces.
      finalize(() =>
        (this.onProcessingEndHook as typeof this.onProcessingEndHook | undefined)?.(
          this.transportId,
          context,
        ),
      ),
    );
  }

  #allow({ stream, upTo }: Credit): void {
    this.#streams.get(stream)?.allow(upTo);
  }
}
