import type { ServiceFacts } from '../transport';
import type { LocalNode } from './local-node';

/** A version as semantic versioning has it: tools refuse others. */
const SEMANTIC = /^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/;

/**
 * What a node tells tools that look for services. Handlers are measured from the first question on, and for a minute after the last.
 *
 * @param subject Where the node takes calls.
 */
export function serviceFacts(node: LocalNode, namespace: string, subject: string): ServiceFacts {
  const { name, incarnation, startedAt, options, meter } = node;
  return {
    describe: () => ({
      id: incarnation,
      version: SEMANTIC.test(options.version) ? options.version : '0.0.0',
      description: `Node ${name} of namespace ${namespace}`,
      startedAt,
      metadata: { node: name, namespace, state: node.state() },
      subject,
    }),
    endpoints: () => {
      meter.look();
      return meter.totals();
    },
  };
}
