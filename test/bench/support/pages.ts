import 'reflect-metadata';
import { type DynamicModule, Global, type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PgRegistryNode, PgRegistryObserver } from 'nestjs-pg-registry';
import { PgRegistryObserverModule } from 'nestjs-pg-registry/observer';

/** Whether nodes get an application around them, and whether it imports the page. */
let pages: boolean | undefined;
/** The applications around the nodes that live. */
const applications = new Map<PgRegistryNode, INestApplication>();

@Global()
@Module({})
class GivenNodeModule {
  static of(node: PgRegistryNode): DynamicModule {
    return {
      module: GivenNodeModule,
      providers: [
        { provide: PgRegistryNode, useValue: node },
        { provide: PgRegistryObserver, useValue: node.observer },
      ],
      exports: [PgRegistryNode, PgRegistryObserver],
    };
  }
}

@Module({})
class RootModule {}

/**
 * Says what {@link withPage} puts around the nodes from now on: an application that imports the observer's page, or one that does not.
 * Undefined, as at the beginning: nothing.
 */
export function setPages(isImported: boolean | undefined): void {
  pages = isImported;
}

/** Puts an application around a node, if {@link setPages} has said so, until the node closes. @returns The node */
export async function withPage(node: PgRegistryNode): Promise<PgRegistryNode> {
  if (pages === undefined) return node;
  applications.set(node, await listening(node, pages));
  const close = node.close.bind(node);
  node.close = async () => {
    const application = applications.get(node);
    applications.delete(node);
    await application?.close();
    await close();
  };
  return node;
}

/** The application around a node, if there is one. */
export function applicationAround(node: PgRegistryNode): INestApplication | undefined {
  return applications.get(node);
}

/**
 * Gives each living node another application, with the page or without. Makes both each time and closes one, so that what this leaves behind is
 * the same either way: garbage, and compiled code that a collection has thrown away.
 */
export async function switchPages(isImported: boolean): Promise<void> {
  const nodes = [...applications.keys()];
  await Promise.all(
    nodes.map(async (node) => {
      await applications.get(node)?.close();
      const [on, off] = [await listening(node, true), await listening(node, false)];
      applications.set(node, isImported ? on : off);
      await (isImported ? off : on).close();
    }),
  );
}

/** An application that serves HTTP, as that of a user does. Nobody connects to it. */
async function listening(node: PgRegistryNode, isImported: boolean): Promise<INestApplication> {
  const page = isImported ? [PgRegistryObserverModule.forRoot({ open: true })] : [];
  const root = { module: RootModule, imports: [GivenNodeModule.of(node), ...page] };
  const application = await NestFactory.create(root, { logger: ['error'] });
  await application.listen(0, '127.0.0.1');
  return application;
}
