import { localBus, localTransport, natsTransport, type Transport } from 'nestjs-pg-registry';
import { NatsServer } from '../../support/nats-server';
import { TcpGate } from './tcp-gate';

/** One node's way to the others, and what can happen to it. */
export interface Line {
  readonly transport: Transport;
  /** The node and the others hear nothing of each other any more. */
  cut(): void;
  /** Ends {@link cut}. */
  heal(): void;
  /** The node goes as by `kill -9`: without a word, and for good. */
  crash(): void;
  close(): Promise<void>;
}

/** What a cluster of tests stands on: a transport whose faults can be chosen. */
export interface Ground {
  line(node: string): Promise<Line>;
  close(): Promise<void>;
}

/** All nodes on one bus. A cut swallows everything silently, as a broken route does: probes time out. */
export function localGround(): Promise<Ground> {
  const bus = localBus();
  const nodes = new Set<string>();
  const line = (node: string): Promise<Line> => {
    nodes.add(node);
    const toOthers = (change: (other: string) => void): void => {
      for (const other of nodes) if (other !== node) change(other);
    };
    return Promise.resolve({
      transport: localTransport({ bus }),
      cut: () => toOthers((other) => bus.cut(node, other)),
      heal: () => toOthers((other) => bus.heal(node, other)),
      crash: () => bus.crash(node),
      // The next test's node of this name stands on the same bus.
      close: () => Promise.resolve(toOthers((other) => bus.heal(node, other))),
    });
  };
  return Promise.resolve({ line, close: () => Promise.resolve() });
}

/** A real nats-server, to which each node goes through a gate. A cut breaks the connection: the others find nobody there. */
export async function natsGround(): Promise<Ground> {
  const server = await NatsServer.start();
  const line = async (): Promise<Line> => {
    const gate = await TcpGate.to(Number(new URL(server.url).port));
    return {
      transport: natsTransport({
        servers: `nats://127.0.0.1:${gate.port}`,
        reconnectTimeWait: 20,
        reconnectJitter: 0,
      }),
      cut: () => gate.shut(),
      heal: () => gate.reopen(),
      crash: () => gate.shut(),
      close: () => gate[Symbol.asyncDispose](),
    };
  };
  return { line, close: () => server[Symbol.asyncDispose]() };
}
