import { type CreatedInstance, type ProcessClass } from '../../../libs/pg-registry/src/process';
import { HandlerTable } from '../../../libs/pg-registry/src/calls';
import {
  type EntityOptions,
  type EntityStart,
  normalEntityType,
  setEntityType,
} from '../../../libs/pg-registry/src/entities';
import { PgRegistryNode } from '../../../libs/pg-registry/src/node';
import type { NodeOptions } from '../../../libs/pg-registry/src/node';
import type { Key } from '../../../libs/pg-registry/src/term';
import type { SeededRandom } from '../../support/seeded-random';
import { EventLoop } from '../../support/virtual-network/event-loop';
import { type EntityJournal, type EntityLife, type HandedOver, placeOf } from './entity-journal';
import { VirtualTransport, type VirtualTransportDeps } from './virtual-transport';

const TURN_MS = 0.01;

/** How long the hooks and handlers of entities take at most, in milliseconds. */
export interface WorkTimes {
  readonly startMs: number;
  readonly handlerMs: number;
  readonly exitMs: number;
}

/** What an {@link EntityNode} is made of. */
export interface EntityNodeDeps extends Omit<VirtualTransportDeps, 'loop'> {
  readonly random: SeededRandom;
  readonly journal: EntityJournal;
  readonly work: WorkTimes;
  /** Whether the start of an entity fails this time. */
  readonly failsToStart: () => boolean;
  readonly wallMs: number;
  readonly onTurnEnd: () => void;
}

/** One life of a node of the library, with nothing replaced but its clock, its random numbers and its transport. */
export class EntityNode {
  readonly name: string;
  readonly loop: EventLoop;
  readonly node: PgRegistryNode;
  /** Whether it may be asked for something: not any more once it leaves. */
  isRunning = false;
  isAlive = true;
  readonly warnings: string[] = [];
  readonly #transport: VirtualTransport;
  readonly #deps: EntityNodeDeps;

  /** @param types The options of each entity type that it hosts, by name. */
  constructor(
    name: string,
    options: NodeOptions,
    types: Readonly<Record<string, EntityOptions>>,
    deps: EntityNodeDeps,
  ) {
    const { queue, wallMs, random, onTurnEnd } = deps;
    this.name = name;
    this.#deps = deps;
    this.loop = new EventLoop({ queue, wallMs, turnMs: TURN_MS, onTurnEnd });
    this.#transport = new VirtualTransport({ ...deps, loop: this.loop });
    const warn = (...line: readonly unknown[]): void => void this.warnings.push(line.map(String).join(' '));
    this.node = new PgRegistryNode(
      { ...options, node: name, transport: this.#transport },
      {
        defaultTransport: () => this.#transport,
        clock: this.loop,
        random: random.next,
        logger: { log: () => undefined, warn, error: warn },
      },
    );
    this.node.processes.useFactory({
      prepare: (type) => ({ create: async () => await Promise.resolve(instanceOf(type)) }),
    });
    for (const [type, of] of Object.entries(types)) this.node.mountEntity(this.#classOf(type, of));
  }

  async start(): Promise<void> {
    await this.node.connect();
    await this.node.entities.ready();
    this.isRunning = this.isAlive;
  }

  /** Leaves in order, as an application does that gets SIGTERM. */
  async leave(): Promise<void> {
    this.isRunning = false;
    await this.node.drain();
    await this.node.close();
    this.isAlive = false;
    this.loop.end();
  }

  crash(): void {
    this.isRunning = false;
    this.isAlive = false;
    this.loop.end();
    this.#transport.crash();
  }

  /** The class of an entity type that keeps a journal. */
  #classOf(type: string, options: EntityOptions): ProcessClass {
    const { journal, work, failsToStart } = this.#deps;
    const pause = (mostMs: number): Promise<void> =>
      new Promise((resolve) => this.loop.setTimer(this.#deps.random.next() * mostMs, resolve));
    const isNodeAlive = (): boolean => this.isAlive;
    const isNodeStill = (): boolean => this.loop.isPaused;
    const isNodeRunning = (): boolean => this.isRunning;
    const { name: node } = this;
    class Journalling implements Instance {
      #life: EntityLife | undefined;

      async onProcessStart({ key, state, cause, token }: EntityStart<Key, HandedOver>): Promise<void> {
        const life = journal.begins({
          type,
          key,
          node,
          isNodeAlive,
          isNodeStill,
          isNodeRunning,
          cause,
          token,
        });
        this.#life = life;
        await pause(work.startMs);
        if (failsToStart()) throw new Error('The start fails.');
        if (state !== undefined) journal.given(life, state, 'hand-over');
        life.executed = [...(state?.executed ?? journal.saved.get(placeOf(life)) ?? [])];
        life.isOpen = true;
      }

      async add(call: number): Promise<number> {
        const life = this.#life!;
        journal.executes(life, call);
        await pause(work.handlerMs);
        life.executed.push(call);
        return life.executed.length;
      }

      onHandOver(): HandedOver {
        return journal.handsOver(this.#life!);
      }

      onMerge(other: HandedOver): void {
        const life = this.#life!;
        journal.given(life, other, 'merge');
        life.executed.push(...other.executed.filter((call) => !life.executed.includes(call)));
      }

      async onProcessExit(reason: unknown): Promise<void> {
        const life = this.#life;
        if (life === undefined) return;
        journal.exits(life, reason);
        await pause(work.exitMs);
        journal.exited(life);
      }
    }
    setEntityType(Journalling, normalEntityType(type, options));
    return Journalling;
  }
}

/** An entity of a history. */
interface Instance {
  add(call: number): unknown;
}

function instanceOf(type: ProcessClass): CreatedInstance {
  const instance = new type() as Instance;
  const calls = new Map([['add', (call: unknown) => instance.add(Number(call))]]);
  return { instance, handlers: new HandlerTable(type.name, { calls }), destroy: () => undefined };
}
