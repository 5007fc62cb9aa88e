import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  EntityService,
  HandleCast,
  type LocalProcess,
  type ProcessLifecycle,
  ProcessService,
  RemoteError,
} from 'nestjs-pg-registry';
import type { Subscription } from 'rxjs';
import { decodeStateVector, encodeStateVector, mergeUpdates } from 'yjs';
import { CollaborationOptions } from '../collaboration-options';
import { DocumentLink, type Welcome } from '../documents/document-link';
import { searchPauseMs } from '../documents/holder-search';
import { MAX_UNSENT_BYTES, PIECE_BYTES } from '../documents/limits';
import type { Presence, PresenceNews, Saved, SavedNews, Updated } from '../documents/messages';
import { DocumentFullError, RefusedUpdateError } from '../documents/shared-doc';
import { CollaborationRegistry } from '../registry/collaboration-registry';
import { CloseCode } from './close-codes';
import type { DocumentSocket } from './document-socket';
import { PresenceRelay } from './presence-relay';
import { ServerPresence } from './server-state';
import { awareness, type ClientMessage, syncStep1, syncStep2, syncUpdate } from './sync-protocol';

/** What a session is started with. */
export interface SessionStart {
  readonly document: string;
  readonly socket: DocumentSocket;
  /** What the client had when it opened the socket. */
  readonly stateVector: Uint8Array;
}

/** A document that is empty, as its state vector says. */
const NOTHING_SAVED: Saved = { stateVector: Uint8Array.of(0), version: 0, problem: undefined };

/** Browsers take a client for gone after 30 s without a word, and the whole connection, too. */
const RENEW_MS = 15_000;

/**
 * One socket's part in a document: passes on what its client and the document say to each other. When the holder of the document is lost, the session
 * looks for the next one, asks its client for what that one lacks, and tells the client what it has missed. Mirrors
 * `Lightning.Collaboration.Session`.
 */
@Injectable({ scope: Scope.TRANSIENT })
export class Session implements ProcessLifecycle<SessionStart> {
  readonly #entities: EntityService;
  readonly #processes: ProcessService;
  readonly #process: LocalProcess;
  readonly #registry: CollaborationRegistry;
  readonly #server: ServerPresence;
  readonly #relay = new PresenceRelay();
  readonly #logger = new Logger(Session.name);
  #document = '';
  #socket!: DocumentSocket;
  /** Undefined while the holder is looked for. */
  #link: DocumentLink | undefined;
  #watch: Subscription | undefined;
  #streams = 0;
  #received = 0;
  /** What the client has, at least: what it lacks of the next holder's document is told it by this. */
  #clientClocks = new Map<number, number>();
  /** How many updates the document has had, as far as this session knows, and how much of it is saved. */
  #version = 0;
  #saved: Saved = NOTHING_SAVED;
  /** Whether the present holder has told what the client lacks, and what it has told to be saved before that. */
  #hasJoined = false;
  #savedEarly: Saved | undefined;
  #problem: string | undefined;
  /** What the client wrote and the document has not confirmed. */
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #unsentPresence: Presence | undefined;
  #isSearching = false;
  #isPumping = false;
  /** Whether the client has written since it was last told what is saved. */
  #hasWritten = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    entities: EntityService,
    processes: ProcessService,
    registry: CollaborationRegistry,
    options: CollaborationOptions,
    @Inject(REQUEST) process: LocalProcess,
  ) {
    this.#entities = entities;
    this.#processes = processes;
    this.#registry = registry;
    this.#process = process;
    this.#server = new ServerPresence(options.node);
  }

  onProcessStart({ document, socket, stateVector }: SessionStart): void {
    this.#document = document;
    this.#socket = socket;
    this.#clientClocks = decodeStateVector(stateVector);
    this.#registry.register(['session', `${document}:${randomUUID()}`, 'guest'], { user: null });
    socket.onMessage((message) => this.#heard(message));
    // Not within the handler whose answer could not be sent.
    socket.onEnd(() => setImmediate(() => this.#process.exit()));
    this.#timer = setInterval(() => this.#renew(), RENEW_MS);
    void this.#search();
  }

  onProcessExit(reason: unknown): void {
    clearInterval(this.#timer);
    this.#watch?.unsubscribe();
    const why =
      reason === 'shutdown' ? 'This node stops. Connect again.' : 'The session has ended. Connect again.';
    this.#socket.close(CloseCode.Restart, why);
  }

  /** The document has changed. */
  @HandleCast()
  updated({ stream, sequence, version, update }: Updated): void {
    if (stream !== this.#streams || this.#link === undefined) return;
    this.#received += 1;
    if (update === undefined || sequence !== this.#received)
      return this.#lost(stream, 'it has told more than arrived');
    this.#socket.send(syncUpdate(update));
    this.#reached(version);
  }

  /** More of the document is saved, or could not be. */
  @HandleCast()
  saved({ stream, saved }: SavedNews): void {
    if (stream !== this.#streams || this.#link === undefined) return;
    // Race: before the welcome its client lacks what may be saved already, and if the join fails, the next one must ask for that.
    if (!this.#hasJoined) return void (this.#savedEarly = saved);
    this.#saved = saved;
    this.#problem = saved.problem;
    this.#acknowledge();
    this.#sayState();
  }

  /** Clients have come, gone or moved. */
  @HandleCast()
  present({ stream, present }: PresenceNews): void {
    if (stream !== this.#streams) return;
    this.#socket.send(awareness(this.#relay.told(present)));
  }

  /** Looks for the holder of the document until it has joined, or the socket is closed. */
  async #search(): Promise<void> {
    if (this.#isSearching) return;
    this.#isSearching = true;
    for (let attempt = 0; this.#process.alive && this.#link === undefined; attempt += 1) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
        await this.#connect();
      } catch (error) {
        this.#problem = `No node holds the document at present: ${(error as Error).message}`;
        this.#sayState();
        const pause = searchPauseMs(attempt, Math.random());
        // oxlint-disable-next-line no-await-in-loop -- between attempts
        await new Promise((resolve) => setTimeout(resolve, pause).unref());
      }
    }
    this.#isSearching = false;
  }

  async #connect(): Promise<void> {
    const stream = (this.#streams += 1);
    const services = { entities: this.#entities, processes: this.#processes };
    const link = await DocumentLink.find(services, this.#document, this.#process.pid, stream);
    this.#watch?.unsubscribe();
    this.#watch = this.#processes.monitor(link.doc).subscribe(({ reason }) => this.#lost(stream, reason));
    this.#received = 0;
    this.#hasJoined = false;
    this.#savedEarly = undefined;
    // Race: the first updates may be here before the answer.
    this.#link = link;
    try {
      const welcome = await link.join(encodeStateVector(this.#clientClocks));
      if (this.#link !== link) throw new Error('its holder was lost meanwhile.');
      this.#welcome(welcome);
    } catch (error) {
      if (this.#link === link) this.#link = undefined;
      throw error;
    }
    void this.#pump();
  }

  #welcome({ version, changes, saved, present }: Welcome): void {
    this.#socket.sendSync(syncStep2(changes));
    this.#hasJoined = true;
    this.#version = version;
    this.#saved = this.#savedEarly ?? saved;
    this.#problem = this.#saved.problem;
    this.#hasWritten = true;
    this.#acknowledge();
    this.#socket.send(awareness(this.#relay.begin(present)));
    this.#unsentPresence ??= this.#relay.own;
    this.#sayState();
  }

  #lost(stream: number, reason: unknown): void {
    if (stream !== this.#streams || this.#link === undefined) return;
    this.#logger.debug(`The holder of '${this.#document}' is lost: ${String(reason)}`);
    this.#link = undefined;
    this.#sayState();
    void this.#search();
  }

  #heard(message: ClientMessage): void {
    switch (message.type) {
      case 'update':
        this.#hasWritten = true;
        this.#unsent.push(message.update);
        this.#unsentBytes += message.update.length;
        if (this.#unsentBytes > MAX_UNSENT_BYTES) this.#socket.pause();
        break;
      case 'presence':
        this.#unsentPresence = this.#relay.heard(message.present) ?? this.#unsentPresence;
        this.#tellUser();
        break;
      case 'sync':
      case 'other':
        // A client syncs once for each socket, and the session has begun with that.
        return;
    }
    void this.#pump();
  }

  /** Passes on what the client says, one message at a time; what comes meanwhile goes together with the next one. */
  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      // After the end nothing more is said, not even what the document did not take.
      while (this.#socket.isOpen && (this.#unsent.length > 0 || this.#unsentPresence !== undefined)) {
        const link = this.#link;
        if (link === undefined) break;
        // oxlint-disable-next-line no-await-in-loop -- one message at a time
        await this.#passOn(link).catch((error: unknown) => this.#notTaken(link, error));
      }
    } finally {
      this.#isPumping = false;
    }
  }

  async #passOn(link: DocumentLink): Promise<void> {
    const presence = this.#unsentPresence;
    this.#unsentPresence = undefined;
    if (presence !== undefined) await link.announce(presence);
    const updates = this.#unsent.slice(0, lengthOfBatch(this.#unsent));
    if (updates.length === 0) return;
    // They are given up only when the document has them: the next holder gets them otherwise, and Yjs ignores what it has.
    const version = await link.write(updates.length === 1 ? updates[0] : mergeUpdates(updates));
    this.#unsent = this.#unsent.slice(updates.length);
    for (const { length } of updates) this.#unsentBytes -= length;
    if (this.#unsentBytes <= MAX_UNSENT_BYTES) this.#socket.resume();
    if (this.#link !== link) return;
    this.#reached(version);
    // Race: the news that it is saved may have been faster than the answer.
    if (this.#isAll) this.#acknowledge();
  }

  #notTaken(link: DocumentLink, error: unknown): void {
    const name = error instanceof RemoteError ? error.remote.name : undefined;
    const { message } = error as Error;
    if (name === DocumentFullError.name) return this.#socket.close(CloseCode.DocumentFull, message);
    if (name === RefusedUpdateError.name) return this.#socket.close(CloseCode.BadMessage, message);
    this.#lost(link.stream, message);
  }

  /** Tells a client that has written what is saved: a sync step 1, which it answers with what is missing there. */
  #acknowledge(): void {
    const { stateVector } = this.#saved;
    for (const [client, clock] of decodeStateVector(stateVector))
      this.#clientClocks.set(client, Math.max(clock, this.#clientClocks.get(client) ?? 0));
    if (!this.#hasWritten) return;
    this.#hasWritten = this.#unsent.length > 0 || !this.#isAll;
    this.#socket.send(syncStep1(stateVector));
  }

  get #isAll(): boolean {
    return this.#link !== undefined && this.#saved.version >= this.#version;
  }

  #reached(version: number): void {
    const wasAll = this.#isAll;
    this.#version = Math.max(this.#version, version);
    if (wasAll && !this.#isAll) this.#sayState();
  }

  #sayState(): void {
    const said = {
      holder: this.#link?.doc.node ?? null,
      saved: this.#isAll,
      problem: this.#problem ?? null,
    };
    this.#socket.send(awareness([this.#server.next(said, Date.now())]));
  }

  #renew(): void {
    this.#sayState();
    this.#socket.probe();
    if (this.#relay.hasMissing) this.#socket.send(awareness(this.#relay.forgetMissing()));
  }

  /** Shows the client's name in the list of documents of every node. */
  #tellUser(): void {
    const { user, hasChanged } = this.#relay.takeUser();
    if (!hasChanged || !this.#process.alive) return;
    this.#registry.update(this.#process.pid, { user });
  }
}

/** So many updates go together at most: Yjs compares each with all others that it merges, so 32,000 of 15 bytes took 27 s. */
const MOST_TOGETHER = 64;

/** How many updates go together in one message: the first in any case, and as many more as fit. */
function lengthOfBatch(updates: readonly Uint8Array[]): number {
  let bytes = 0;
  const tooMany = updates.findIndex((update, i) => {
    bytes += update.length;
    return i >= MOST_TOGETHER || (bytes > PIECE_BYTES && i > 0);
  });
  return tooMany === -1 ? updates.length : tooMany;
}
