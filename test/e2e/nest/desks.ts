import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  natsTransport,
  type PeerEvent,
  PgRegistryModule,
  PgRegistryNode,
  ProcessService,
} from 'nestjs-pg-registry';
import { eventually } from '../../support/eventually';
import { natsClientOf } from '../../support/nats-client-of';
import { NodeProcess } from '../../support/node-process';

/** What a desk does on SIGTERM. */
export type Departure =
  /** What Nest does with shutdown hooks: the application closes in order. */
  | { readonly how: 'drain' }
  /** Without a drain: sleeps and ends the process; `leave` leaves the scope before the sleep. */
  | { readonly how: 'exit' | 'leave'; readonly sleepMs: number };

/** A desk in an operating-system process of its own, ready when its application has started. */
export function startDesk(
  servers: string,
  name: string,
  departure: Departure = { how: 'drain' },
): Promise<NodeProcess> {
  return NodeProcess.start('e2e/nest/desk.fixture.ts', { args: [servers, name, JSON.stringify(departure)] });
}

/** What happened to a peer, and when by the machine's clock. */
export type Sighting = PeerEvent & { readonly at: number };
export type Removal = Extract<PeerEvent, { type: 'peer-removed' }> & { readonly at: number };

/** An application in the test's process that finds desks and calls them. */
export class Visitor {
  readonly sightings: Sighting[] = [];

  readonly #application: { close(): Promise<void> };

  private constructor(
    readonly node: PgRegistryNode,
    readonly processes: ProcessService,
    application: { close(): Promise<void> },
  ) {
    this.#application = application;

    node.peerEvents$.subscribe((event) => this.sightings.push({ ...event, at: Date.now() }));
  }

  static async start(servers: string): Promise<Visitor> {
    @Module({
      imports: [
        PgRegistryModule.forRoot({
          transport: natsTransport({ servers, client: natsClientOf('visitor') }),
          scopes: ['desks'],
        }),
      ],
    })
    class VisitorModule {}
    const application = await NestFactory.createApplicationContext(VisitorModule, {
      logger: ['warn', 'error'],
      abortOnError: false,
    });
    return new Visitor(application.get(PgRegistryNode), application.get(ProcessService), application);
  }

  /** Names of the desks that are registered now. */
  desks(): unknown[] {
    return this.node
      .scope('desks')
      .lookup('desk')
      .map(({ value }) => value);
  }

  /** Every removal of a node so far. */
  removals(): Removal[] {
    return this.sightings.filter((sighting): sighting is Removal => sighting.type === 'peer-removed');
  }

  /** Resolves when a node was removed, with the reason and the time. */
  async removalOf(node: string): Promise<Removal> {
    const last = (): Removal | undefined => this.removals().findLast((removal) => removal.node === node);
    await eventually(() => last() !== undefined);
    return last()!;
  }

  close(): Promise<void> {
    return this.#application.close();
  }
}
