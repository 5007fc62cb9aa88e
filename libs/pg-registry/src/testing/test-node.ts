import type { INestApplicationContext, InjectionToken } from '@nestjs/common';
import { PgRegistryNode } from '../node';

/** One application of a test cluster, and the node that it is. */
export class TestNode {
  /** The node's name. */
  readonly name: string;
  /** The whole application, initialised. */
  readonly app: INestApplicationContext;
  /** Its node. */
  readonly node: PgRegistryNode;

  /** @internal Made by the cluster. */
  constructor(name: string, app: INestApplicationContext) {
    this.name = name;
    this.app = app;
    this.node = app.get(PgRegistryNode, { strict: false });
  }

  /** The processes of this node, and calls to those of the cluster. */
  get processes(): PgRegistryNode['processes'] {
    return this.node.processes;
  }

  /** The registry of a scope on this node; the default is the default scope. */
  registry(scope = 'pg'): ReturnType<PgRegistryNode['scope']> {
    return this.node.scope(scope);
  }

  /** A provider of the application, of whichever module. @throws What Nest throws if there is none. */
  get<T>(token: InjectionToken<T>): T {
    return this.app.get<T>(token, { strict: false });
  }
}
