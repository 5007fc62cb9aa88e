import type { Mailbox } from '../calls';
import {
  AlreadyRegisteredError,
  EntityUnavailableError,
  type Key,
  type Pid,
  quoteText,
  samePid,
  type Value,
} from '../term';
import type { EntitiesDeps } from './entities-deps';
import type { EntityHost } from './entity-host';
import { nameOf } from './entity-options';
import type { HostedType } from './hosted-type';
import type { Directory } from './hosts';
import { Announced } from './memory/announced';
import { Outcomes } from './memory/outcomes';

/** How long calls are parked for an entity that was announced and does not come. */
const PARKED_MS = 15_000;
/** Nodes that are no peers announce together what one peer may: one name can have any number of lives. */
const STRANGERS = '';
/** Moves of each peer whose outcome is remembered, in case it did not get the answer. */
const MOST_MOVES = 10_000;

/** What a host says about an entity that it gives away. */
export interface Announcement {
  readonly type: string;
  readonly key: Key;
  /** Names this move, so that it is made once however often it is asked for. */
  readonly moveId: string;
  /** The process that ends. */
  readonly from: Pid;
}

/** An announced entity, and the entity itself. */
export interface Delivery extends Announcement {
  readonly stateVersion: number;
  readonly hasState: boolean;
  readonly state: Value;
}

/** An entity that was announced and has not come. */
interface Expected {
  readonly moveId: string;
  readonly from: Pid;
  readonly parking: Mailbox;
  readonly cancel: () => void;
}

/** The entities that other nodes hand over to this one. */
export class Arrivals {
  readonly #deps: EntitiesDeps;
  readonly #directory: Directory;
  readonly #host: EntityHost;
  readonly #expected = new Announced<HostedType, Expected>();
  /** The processes of entities that have come, by their moves. */
  readonly #arrived = new Outcomes<Promise<Pid>>(MOST_MOVES);

  constructor(deps: EntitiesDeps, directory: Directory, host: EntityHost) {
    this.#deps = deps;
    this.#directory = directory;
    this.#host = host;
  }

  /**
   * Parks calls to an entity that is about to come.
   *
   * @throws EntityUnavailableError if this node takes no more; AlreadyRegisteredError if it lives here, or elsewhere than the sender says.
   */
  prepare({ type, key, moveId, from }: Announcement): void {
    const hosted = this.#host.types.get(type);
    const before = hosted && this.#expected.get(hosted, key);
    if (before?.moveId === moveId) return;
    // The sender did not hear that it is expected, and tries again.
    const isAgain = before?.from === from;
    // Calls of this node wait already, for a lease for instance: they wait for the arrival now.
    const waiting = isAgain || before !== undefined ? undefined : hosted?.parked.get(key);
    const hasRoom = isAgain || waiting !== undefined || hosted?.isFull === false;
    if (hosted === undefined || !this.#host.isOpen || !hasRoom) {
      throw new EntityUnavailableError(`This node does not take ${nameOf({ type, key })} at present.`);
    }
    this.#checkLiving(hosted, key, from);
    const refusal = this.#host.refusals.ofType(hosted, key);
    if (refusal !== undefined) throw refusal;
    if (before !== undefined && !isAgain)
      throw new EntityUnavailableError(`${nameOf({ type, key })} is expected here already.`);
    const parking = before?.parking ?? this.#deps.calls.mailboxes.detached(this.#host.process);
    this.#expect(hosted, key, { moveId, from, parking }, before);
    hosted.parked.set(key, parking);
    waiting?.divert((queued) => parking.take(queued));
  }

  /** Starts an entity with what its last life handed over. @returns Its process, when it has started. @throws What its start throws. */
  receive(delivery: Delivery): Promise<Pid> {
    const { from, moveId } = delivery;
    return this.#arrived.remember(from.incarnation, this.#isPeer(from), moveId, () => this.#start(delivery));
  }

  /** A node is gone: what it announced does not come. */
  nodeLost(incarnation: string): void {
    this.#arrived.peerLost(incarnation);
    for (const [hosted, key, { from, moveId }] of this.#expected)
      if (from.incarnation === incarnation) this.#giveUp(hosted, key, moveId);
  }

  /** Entities elsewhere have ended; one that was announced does not come, because it has ended by itself. */
  ended(hosted: HostedType, key: Key, pids: readonly Pid[]): void {
    const expected = this.#expected.get(hosted, key);
    if (expected !== undefined && pids.some((pid) => samePid(pid, expected.from)))
      this.#giveUp(hosted, key, expected.moveId);
  }

  /** This node takes no more entities: calls that wait for some are told so. */
  giveUpAll(): void {
    for (const [hosted, key, { moveId }] of this.#expected) this.#giveUp(hosted, key, moveId);
  }

  async #start({ type, key, moveId, from, stateVersion, hasState, state }: Delivery): Promise<Pid> {
    const hosted = this.#host.types.get(type);
    if (hosted === undefined || !this.#host.isOpen) throw this.#notTaken(type, key);
    this.#checkLiving(hosted, key, from);
    const isKnown = stateVersion === hosted.type.stateVersion;
    if (hasState && !isKnown) {
      this.#deps.onWarning(
        'entity-state',
        `${nameOf({ type, key })} starts without its state, which is of version ${stateVersion}; this node has version ${hosted.type.stateVersion}.`,
      );
    }
    const given = hasState && isKnown ? { state } : {};
    const parking = this.#parkingOf(hosted, key, moveId);
    try {
      const claim = await this.#host.claim(hosted, key);
      const life = this.#host.start(hosted, key, { cause: 'hand-over', from, claim, ...given });
      hosted.parked.delete(key);
      parking.divert((queued) => life.mailbox.take(queued));
      await life.started;
      if (!life.process.alive) throw new EntityUnavailableError(`${nameOf({ type, key })} failed to start.`);
      return life.process.pid;
    } finally {
      this.#takeAgain(hosted, key, parking);
    }
  }

  /** Where calls wait for an entity that has come, until it has begun to start. */
  #parkingOf(hosted: HostedType, key: Key, moveId: string): Mailbox {
    const expected = this.#expected.get(hosted, key);
    if (expected?.moveId === moveId) {
      expected.cancel();
      this.#expected.delete(hosted, key);
      return expected.parking;
    }
    // It was not announced, or is given up: then it must not come between others.
    if (hosted.parked.has(key) || hosted.isFull) throw this.#notTaken(hosted.type.name, key);
    const parking = this.#deps.calls.mailboxes.detached(this.#host.process);
    hosted.parked.set(key, parking);
    return parking;
  }

  /** What still waits begins a life of its own. */
  #takeAgain(hosted: HostedType, key: Key, parking: Mailbox): void {
    if (hosted.parked.get(key) !== parking) return;
    hosted.parked.delete(key);
    parking.divert((queued) => this.#host.take(queued));
  }

  /** @throws AlreadyRegisteredError: the node that says that it gives the entity away does not have it. */
  #checkLiving({ type: { name }, lives }: HostedType, key: Key, from: Pid): void {
    const pid = lives.get(key)?.process.pid ?? this.#directory.otherThan(from, name, key);
    if (pid === undefined) return;
    throw new AlreadyRegisteredError(`${nameOf({ type: name, key })} lives at ${pid}.`, { pid });
  }

  #notTaken(type: string, key: Key): EntityUnavailableError {
    return new EntityUnavailableError(`This node does not take ${nameOf({ type, key })} any more.`);
  }

  /** @param before What the sender has announced in vain. @throws EntityUnavailableError if it has announced too much */
  #expect(hosted: HostedType, key: Key, of: Omit<Expected, 'cancel'>, before: Expected | undefined): void {
    if (before !== undefined) this.#expected.delete(hosted, key);
    before?.cancel();
    const cancel = this.#deps.timers.setTimer(PARKED_MS, () => this.#giveUp(hosted, key, of.moveId));
    const announcer = this.#isPeer(of.from) ? of.from.incarnation : STRANGERS;
    if (this.#expected.add(hosted, key, announcer, { ...of, cancel })) return;
    cancel();
    throw new EntityUnavailableError(
      `Too many entities of node ${quoteText(of.from.node)} are expected here already.`,
    );
  }

  #isPeer(pid: Pid): boolean {
    return this.#deps.availability(pid) !== 'unknown';
  }

  #giveUp(hosted: HostedType, key: Key, moveId: string): void {
    const expected = this.#expected.get(hosted, key);
    if (expected?.moveId !== moveId) return;
    expected.cancel();
    this.#expected.delete(hosted, key);
    this.#takeAgain(hosted, key, expected.parking);
  }
}
