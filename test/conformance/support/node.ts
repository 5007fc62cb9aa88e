import {
  type ListenerToken,
  localTransport,
  type NodeOptions,
  PgRegistryNode,
  type RegistryListener,
} from 'nestjs-pg-registry';
import { Actor } from './actor';

type NodeLogger = NonNullable<ConstructorParameters<typeof PgRegistryNode>[1]['logger']>;

/** A logger that keeps warnings and errors. */
export function logTo(lines: string[]): NodeLogger {
  return {
    log: () => undefined,
    warn: (message) => void lines.push(message),
    error: (message) => void lines.push(message),
  };
}

/** The only node of its cluster. */
export class LoneNode {
  readonly log: string[] = [];
  /** The listeners that tokens resolve to. */
  readonly listeners = new Map<ListenerToken, RegistryListener>();
  readonly node: PgRegistryNode;

  constructor(options: NodeOptions = {}) {
    this.node = new PgRegistryNode(options, {
      defaultTransport: localTransport,
      logger: logTo(this.log),
      resolveListener: (token) => this.listeners.get(token),
    });
  }

  /** Starts a process besides the root process. */
  actor(): Actor {
    return new Actor(this.node);
  }
}

/** Returns a function that makes nodes; each is closed after its test. */
export function useLoneNodes(): (options?: NodeOptions) => LoneNode {
  let started: LoneNode[] = [];
  afterEach(async () => {
    await Promise.all(started.map(({ node }) => node.close()));
    started = [];
  });
  return (options) => {
    const lone = new LoneNode(options);
    started.push(lone);
    return lone;
  };
}
