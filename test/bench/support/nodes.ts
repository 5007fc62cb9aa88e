import { localTransport, type NodeOptions, PgRegistryNode } from 'nestjs-pg-registry';
import { NODES_VARIABLE } from './nodes-variable';
import { withPage } from './pages';

let ofAllNodes = JSON.parse(process.env[NODES_VARIABLE] ?? '{}') as NodeOptions;

/** What the nodes of the benchmarks are made with, unless a benchmark says otherwise. */
export function optionsOfAllNodes(): NodeOptions {
  return ofAllNodes;
}

/** The same for nodes that are made from now on. */
export function setOptionsOfAllNodes(options: NodeOptions): void {
  ofAllNodes = options;
}

/** A node without a Nest application around it; connected only if somebody connects it. */
export function newNode(options: NodeOptions): PgRegistryNode {
  return new PgRegistryNode({ ...ofAllNodes, ...options }, { defaultTransport: localTransport });
}

/** Runs something with a node that is alone: no peers, no broker. */
export async function withNode(
  options: NodeOptions,
  use: (node: PgRegistryNode) => void | Promise<void>,
): Promise<void> {
  const node = await withPage(newNode({ node: 'alone', ...options }));
  try {
    await use(node);
  } finally {
    await node.close();
  }
}
