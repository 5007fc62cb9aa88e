import { Inject, Injectable } from '@nestjs/common';
/** @ts-ignore As a doc comment it stays in the declarations, which must compile without this optional package. */
import { ClientProxy, type ReadPacket } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { PgRegistryNode, unguessableNumbers } from '../node';
import { type CallContext, type CallHeaders, HandlerTable, via } from '../calls';
import { type LocalProcess } from '../lifetime';
import { ProcessService } from '../process';
import { InvalidAnswerError, InvalidArgumentError, type Pid, TransportError } from '../term';
import { EarlyAnswers } from './early-answers';
import { checkInjected, NodeConnection, type RegistryEvents, type RegistryStatus } from './node-connection';
import { plainPayload } from './payload';
import { RegistryRecord } from './registry-record';
import { type OnReply, ReplyReader } from './reply-reader';
import {
  type Answer,
  checked,
  CREDIT,
  EVENT,
  isAnswer,
  isValues,
  type PatternValue,
  REQUEST,
  RPC_SCOPE,
  VALUES,
} from './rpc-message';

/**
 * Nest's `ClientProxy` over the registry.
 *
 * `send` asks one member of the pattern: one on this node if there is one, else any that is neither suspected nor leaving. If a
 * member refuses before handling the request, the next one is asked. The Observable emits every value of the handler's in order;
 * unsubscribing cancels the handler's. There is no time limit but the subscriber's own (`timeout` of RxJS).
 *
 * `emit` sends the event to every node that handles the pattern, but of each queue group to one random member. Its Observable
 * completes when the events have been handed to the transport.
 *
 * A handler's own error arrives as on Nest's other transports. Beyond that, `send` fails with NotRegisteredError if nobody handles
 * the pattern, NodeDownError or ProcessExitedError if the owner is gone, TransportError if this node is not connected or values
 * were lost, and MailboxFullError if the subscriber took values too slowly, or if the owner's node has sent 64 MB of
 * answers that came before their values.
 */
@Injectable()
export class PgRegistryClient extends ClientProxy<RegistryEvents, RegistryStatus> {
  readonly #connection: NodeConnection;
  readonly #nextNumber = unguessableNumbers();
  readonly #readers = new Map<number, ReplyReader>();
  readonly #early = new EarlyAnswers();
  #replies: LocalProcess | undefined;
  #connected: Promise<PgRegistryNode> | undefined;

  readonly #processes: ProcessService;
  readonly #node: PgRegistryNode;

  /** Made by Nest: a provider of `PgRegistryModule`. */
  constructor(processes: ProcessService, node: PgRegistryNode) {
    super();
    checkInjected(
      'PgRegistryClient',
      node,
      "PgRegistryModule provides it: inject it by its type, or give it a token of yours by { provide: 'SHOP', useExisting: PgRegistryClient }.",
    );
    this.#processes = processes;
    this.#node = node;

    this.#connection = new NodeConnection(node);
  }

  /** Whether the node is connected, now and after each change. */
  override get status(): Observable<RegistryStatus> {
    return this.#connection.status$;
  }

  /** Resolves when the node knows its peers' handlers. The first `send` or `emit` waits for that. */
  connect(): Promise<PgRegistryNode> {
    this.#connected ??= this.#connect();
    return this.#connected;
  }

  /** Fails requests that are not answered yet. The node stays connected, and a later `send` works again. */
  close(): void {
    this.#connected = undefined;
    this.#connection.close();
    this.#replies?.exit();
    const error = new TransportError('The client was closed before the answer was complete.');
    for (const reader of this.#readers.values()) reader.fail(error);
  }

  /** Returns the node: a `PgRegistryNode`. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Nest's signature
  unwrap<T>(): T {
    return this.#node as T;
  }

  /** Calls back when the node is disconnected, connected again, or its peers change, until {@link close}. */
  override on<E extends keyof RegistryEvents>(event: E, callback: RegistryEvents[E]): void {
    this.#connection.on(event, callback);
  }

  /** Called by `send`, once per subscription. Returns a function that cancels the request. */
  protected override publish(packet: ReadPacket, callback: OnReply): () => void {
    const id = this.#nextNumber();
    const cancel = new AbortController();
    const reader = new ReplyReader({
      early: this.#early,
      onReply: (reply) => this.#reply(callback, reply),
      allow: ({ from, stream }, upTo) => this.#processes.cast(from, CREDIT, { stream, upTo }),
      onDone: (isAnswered) => {
        this.#readers.delete(id);
        if (!isAnswered) cancel.abort();
      },
    });
    this.#readers.set(id, reader);
    this.#exchange(packet, id, reader, cancel.signal).catch((error: unknown) => this.#failed(error));
    return () => reader.close();
  }

  /** Calls back, also from the handler of a frame and from a timer, where nobody would catch what the callback throws. */
  #reply(onReply: OnReply, reply: Parameters<OnReply>[0]): void {
    try {
      onReply(reply);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#node.logFailure(RPC_SCOPE, 'answer', 'The subscriber of an answer failed', error);
  }

  /** Called by `emit`. Resolves when the event has been handed to the transport. */
  protected override dispatchEvent<T>(packet: ReadPacket): Promise<T>;
  protected override async dispatchEvent(packet: ReadPacket): Promise<void> {
    const pattern = this.normalizePattern(packet.pattern as string);
    const data = plainPayload(unpack(packet.data).data);
    for (const pid of this.#receivers(pattern)) this.#processes.cast(pid, EVENT, { pattern, data });
  }

  async #connect(): Promise<PgRegistryNode> {
    try {
      this.#node.ensureScope(RPC_SCOPE);
    } catch (error) {
      this.#connected = undefined;
      throw error;
    }
    // A node that is not in sync in time can still ask the members that it knows.
    await this.#node.synced().catch(() => undefined);
    return this.#node;
  }

  async #exchange(packet: ReadPacket, id: number, reader: ReplyReader, signal: AbortSignal): Promise<void> {
    try {
      reader.answer(await this.#request(packet, id, signal));
    } catch (error) {
      reader.fail(error);
    }
  }

  async #request(packet: ReadPacket, id: number, signal: AbortSignal): Promise<Answer> {
    const pattern = this.normalizePattern(packet.pattern as string);
    const { data, headers } = unpack(packet.data);
    const request = { pattern, data: plainPayload(data), replyTo: this.#replyTo(), id };
    const options = { timeoutMs: Infinity, signal, headers };
    const answer = await this.#processes.ask(via(RPC_SCOPE, pattern), REQUEST, request, options, (pid) =>
      this.#readers.get(id)?.asked(pid),
    );
    if (isAnswer(answer)) return answer;
    throw new InvalidAnswerError(
      'The answer must be one of a PgRegistryServer, and is not. The request may have been handled.',
    );
  }

  /** Returns the process that receives values. Made with the first request, and again after a drain has ended it. */
  #replyTo(): Pid {
    if (this.#replies?.alive !== true) {
      const take = (payload: unknown, { caller }: CallContext): void => this.#take(payload, caller);
      const handlers = new HandlerTable('A client', { casts: new Map([[VALUES, take]]) });
      this.#replies = this.#processes.mount({ label: 'rpc replies', handlers, serial: false });
    }
    return this.#replies.pid;
  }

  /** Takes values only from the process that was asked. Those of a request that has ended are dropped silently. */
  #take(values: unknown, caller: Pid): void {
    const batch = checked(values, isValues, 'values of an answer');
    if (this.#readers.get(batch.id)?.values(batch, caller) !== false) return;
    throw new InvalidArgumentError(
      'A peer sent values of a request that it was not asked. They were dropped.',
    );
  }

  /** Returns every member without a queue group, and one random member of each group, a reachable one if possible. */
  #receivers(pattern: string): readonly Pid[] {
    const ungrouped: Pid[] = [];
    const groups = new Map<string, Pid[]>();
    for (const { pid, value } of this.#node.scope(RPC_SCOPE).lookup(pattern)) {
      const queue = (value as PatternValue)?.queue;
      if (queue === undefined) ungrouped.push(pid);
      else groups.set(queue, [...(groups.get(queue) ?? []), pid]);
    }
    return [...ungrouped, ...[...groups.values()].map((members) => this.#one(members))];
  }

  #one(members: readonly Pid[]): Pid {
    const reachable = members.filter((pid) => this.#node.reachable(pid));
    const candidates = reachable.length > 0 ? reachable : members;
    return candidates[Math.floor(Math.random() * candidates.length)];
  }
}

function unpack(data: unknown): { readonly data: unknown; readonly headers: CallHeaders | undefined } {
  return data instanceof RegistryRecord ? data : { data, headers: undefined };
}

/** Injects the application's {@link PgRegistryClient}. The same as injecting by its type, or as a `ClientProxy` by `@Inject`. */
export function InjectRegistryClient(): ParameterDecorator & PropertyDecorator {
  return Inject(PgRegistryClient);
}
