import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { NatsServer } from '../support/nats-server';

/** What a server has used and passed on since its start. */
export interface BrokerUsage {
  readonly cpuMs: number;
  readonly memoryBytes: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

/** A nats-server that is asked for its figures. */
export class Broker {
  private constructor(
    readonly server: NatsServer,
    readonly port: string,
  ) {}

  static async start(): Promise<Broker> {
    const server = await NatsServer.start({ config: 'http: "127.0.0.1:-1"' });
    const port = /Starting http monitor on 127\.0\.0\.1:(\d+)/.exec(server.log)?.[1];
    if (port === undefined) throw new Error(`nats-server did not say its port for figures:\n${server.log}`);
    return new Broker(server, port);
  }

  async usage(): Promise<BrokerUsage> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/varz`);
    const { in_msgs, out_msgs, mem } = (await answer.json()) as Record<
      'in_msgs' | 'out_msgs' | 'mem',
      number
    >;
    return {
      cpuMs: processorMs(this.server.pid!),
      memoryBytes: mem,
      messagesIn: in_msgs,
      messagesOut: out_msgs,
    };
  }

  async stop(): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Processor time of all threads of a process, in milliseconds, to the nanosecond. Linux only. */
function processorMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) throw new Error('The broker can be measured on Linux only.');
  return readdirSync(tasks).reduce(
    (sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  );
}
