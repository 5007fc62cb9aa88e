import { spawnSync } from 'node:child_process';

/** The words before a command that make it run in a network namespace. The process keeps its id, its pipes and its signals. */
export function inNetwork(netns: string | undefined): string[] {
  return netns === undefined ? [] : ['ip', 'netns', 'exec', netns];
}

let networks = 0;

/**
 * A second host, as far as the network is concerned: a network namespace of Linux, joined to this one by a cable that can be
 * cut. Nothing is closed when it is: packets vanish, as they do when a switch fails.
 */
export class Network {
  readonly netns: string;
  readonly #cable: string;

  private constructor(
    number: number,
    /** Addresses of the two ends of the cable: in the test's own namespace, and in the other. */
    readonly here: string,
    readonly there: string,
  ) {
    this.netns = `pgr-${process.pid}-${number}`;
    this.#cable = `pgr${process.pid}${String.fromCodePoint(97 + number)}`;
  }

  /**
   * @returns The network, or, as a sentence, why there can be none: another system than Linux, no `ip`, no privilege.
   */
  static create(): Network | string {
    const number = networks++;
    // One of the networks that are reserved for tests, with room for as many test processes as run at one time.
    const prefix = `198.${18 + (process.pid % 2)}.${(process.pid >> 1) % 256}`;
    const network = new Network(number, `${prefix}.${number * 4 + 1}`, `${prefix}.${number * 4 + 2}`);
    try {
      network.#create();
      return network;
    } catch (error) {
      network.remove();
      return `Not tested, for this machine allows no network namespaces: ${(error as Error).message}`;
    }
  }

  /** Packets vanish in both directions, until {@link mend}. */
  cut(): void {
    ip('link', 'set', this.#cable, 'down');
  }

  /** Ends {@link cut}. */
  mend(): void {
    ip('link', 'set', this.#cable, 'up');
  }

  /** Ends it. Processes inside keep it alive until they end. */
  remove(): void {
    spawnSync('ip', ['link', 'del', this.#cable]);
    spawnSync('ip', ['netns', 'del', this.netns]);
  }

  #create(): void {
    ip('netns', 'add', this.netns);
    ip('link', 'add', this.#cable, 'type', 'veth', 'peer', 'name', 'cable', 'netns', this.netns);
    ip('addr', 'add', `${this.here}/30`, 'dev', this.#cable);
    ip('link', 'set', this.#cable, 'up');
    ip('-n', this.netns, 'addr', 'add', `${this.there}/30`, 'dev', 'cable');
    ip('-n', this.netns, 'link', 'set', 'cable', 'up');
    ip('-n', this.netns, 'link', 'set', 'lo', 'up');
  }
}

function ip(...args: string[]): void {
  const { status, error, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (error !== undefined) throw new Error(`ip (package iproute2): ${error.message}`);
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}
