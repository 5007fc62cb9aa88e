import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { localBus, localTransport, natsTransport, type Transport } from 'nestjs-pg-registry';
import { CoordinatorModule, WorkerModule } from './modules';
import { DemoError } from './demo-error';
import { startNatsServer } from './nats-server';
import { type DemoOptions, START_A_SERVER } from './options';

/** A running cluster: one coordinator, several workers, and the bus or broker between them. */
export interface Cluster {
  readonly coordinator: INestApplicationContext;
  /** Ends one worker process with SIGKILL, like a crash. Returns its node's name, or undefined if none can be killed. */
  killOne(): string | undefined;
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 15_000;
const QUIET = { logger: ['error'] as ('error' | 'warn')[], abortOnError: false };

/** Starts a Nest application context. It leaves the cluster in order when the process gets a signal to end. */
export async function startNode(module: Parameters<typeof NestFactory.createApplicationContext>[0]) {
  const application = await NestFactory.createApplicationContext(module, QUIET);
  return application.enableShutdownHooks();
}

/** Starts all nodes in this process, on one bus. The coordinator starts last and stops first. */
export async function startLocalCluster({ workers }: DemoOptions): Promise<Cluster> {
  const bus = localBus();
  const applications: INestApplicationContext[] = [];
  for (const name of workerNames(workers)) {
    applications.unshift(await startNode(WorkerModule.on(name, localTransport({ bus }))));
  }
  const coordinator = await startNode(CoordinatorModule.on('coordinator', localTransport({ bus })));
  return {
    coordinator,
    killOne: () => undefined,
    stop: async () => {
      for (const application of [coordinator, ...applications]) await application.close();
    },
  };
}

/**
 * Starts the coordinator in this process and each worker in a process of its own, connected by NATS.
 *
 * @throws DemoError if the server cannot be reached or started.
 */
export async function startNatsCluster({ nats, workers }: DemoOptions): Promise<Cluster> {
  const server = nats === START_A_SERVER ? await startNatsServer() : undefined;
  const url = server?.url ?? nats!;
  let coordinator: INestApplicationContext;
  try {
    coordinator = await startNode(CoordinatorModule.on(unique('coordinator'), connectionTo(url)));
  } catch (error) {
    await server?.stop();
    throw new DemoError(`Cannot join a cluster at ${url}: ${(error as Error).message}`);
  }
  const processes = workerNames(workers).map((name) => startWorkerProcess(unique(name), url));
  return {
    coordinator,
    killOne: () => {
      const victim = processes.find(({ child }) => child.exitCode === null && child.signalCode === null);
      victim?.child.kill('SIGKILL');
      return victim?.name;
    },
    stop: async () => {
      await Promise.all(processes.map(({ child }) => end(child)));
      await coordinator.close();
      await server?.stop();
    },
  };
}

/** Makes the transport of a node that connects to `url`. */
export function connectionTo(url: string): Transport {
  return natsTransport({ servers: url });
}

/** The first argument that makes this program a worker. The name of its node and the URL follow. */
export const WORKER_FLAG = '--worker-process';

function startWorkerProcess(name: string, url: string): { name: string; child: ChildProcess } {
  return {
    name,
    child: fork(join(__dirname, 'main'), [WORKER_FLAG, name, url], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

function workerNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `worker-${i + 1}`);
}

/** Makes a node's name unique, because several runs of the demo may share one server. */
function unique(name: string): string {
  return `${name}-${process.pid}`;
}
