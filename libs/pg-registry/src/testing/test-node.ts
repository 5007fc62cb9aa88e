import type { INestApplicationContext, InjectionToken } from '@nestjs/common';
import { PgRegistryNode } from '../node';

/** One application of a test cluster, and its node. */
export class TestNode {
  /** The node's name. */
  readonly name: string;
  /** The initialised application. */
  readonly app: INestApplicationContext;
  /** Its node. */
  readonly node: PgRegistryNode;

  /** @internal Made by the cluster. */
  constructor(name: string, app: INestApplicationContext) {
    this.name = name;
    this.app = app;
    this.node = app.get(PgRegistryNode, { strict: false });
  }

  /** Starts processes on this node, and calls processes of the whole cluster. */
  get processes(): PgRegistryNode['processes'] {
    return this.node.processes;
  }

  /** Names that one process of the whole cluster holds at a time. */
  get names(): PgRegistryNode['names'] {
    return this.node.names;
  }

  /** Finds, starts, ends and moves entities of the whole cluster. */
  get entities(): PgRegistryNode['entities'] {
    return this.node.entities;
  }

  /** Returns the registry of a scope on this node. Default: the scope `'pg'`. */
  registry(scope = 'pg'): ReturnType<PgRegistryNode['scope']> {
    return this.node.scope(scope);
  }

  /** Returns a provider of any module of the application. @throws Nest's error if there is none. */
  get<T>(token: InjectionToken<T>): T {
    return this.app.get<T>(token, { strict: false });
  }
}
