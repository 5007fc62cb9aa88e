import type { NatsPackage } from 'nestjs-pg-registry';

/** How an application with open documents is started. */
export interface DocumentsStart {
  /** What the test calls it. */
  readonly key: string;
  readonly node: string;
  readonly servers: string;
  readonly user: string;
  readonly pass: string;
  readonly client: NatsPackage;
  /** Whether the connection is opened by its owner and given to `natsTransport`. */
  readonly given: boolean;
  readonly maxReconnectAttempts: number;
}
