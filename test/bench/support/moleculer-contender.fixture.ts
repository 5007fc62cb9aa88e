/** A Moleculer node for the comparison: its defaults, but that it logs nothing, and heartbeats as its environment says. */
import { createRequire } from 'node:module';
import type { Service, ServiceBroker } from 'moleculer';
import { serve } from '../../support/fixture';
import { type Contender, Moments, processorUs, questions } from './contender';
import { monotonicMs } from './monotonic';

interface NodeEvent {
  readonly node: { readonly id: string };
}

const { MOLECULER = 'moleculer', HEARTBEAT_S, TIMEOUT_S } = process.env;
/** Of the version that is measured; both have the types of 0.14 as far as they are used here. */
const { ServiceBroker: Broker } = createRequire(__filename)(MOLECULER) as typeof import('moleculer');
const moments = new Moments();
const nodes = new Set<string>();
const services = new Map<string, Service>();
let broker: ServiceBroker;
let begun = 0;

const contender: Contender = {
  start: async (servers, name, answers) => {
    broker = new Broker({
      nodeID: name,
      transporter: servers,
      logger: false,
      ...(HEARTBEAT_S !== undefined && { heartbeatInterval: Number(HEARTBEAT_S) }),
      ...(TIMEOUT_S !== undefined && { heartbeatTimeout: Number(TIMEOUT_S) }),
    });
    if (answers)
      broker.createService({
        name: 'echoes',
        actions: {
          echo: ({ params }: { params: unknown }) => params,
          // A hook before the action, the validator of its parameters, and a hook after it.
          guarded: {
            params: { question: 'number' },
            hooks: {
              before: ({ params }: { params: { question: number } }) => {
                if (params.question < 0) throw new Error('Refused.');
              },
              after: (_context: unknown, answer: unknown) => {
                begun += 1;
                return answer;
              },
            },
            handler: ({ params }: { params: unknown }) => params,
          },
        },
      });
    broker.localBus.on('$services.changed', () => {
      for (const { name: service } of servicesKnown()) moments.note(`join ${service}`);
    });
    broker.localBus.on('$node.connected', ({ node }: NodeEvent) => void nodes.add(node.id));
    broker.localBus.on('$node.disconnected', ({ node }: NodeEvent) => moments.note(`gone ${node.id}`));
    await broker.start();
  },
  knowsEcho: () => servicesKnown().some(({ name }) => name === 'echoes'),
  knows: (name) => nodes.has(name),
  register: (key) => {
    const at = monotonicMs();
    services.set(key, broker.createService({ name: key }));
    return at;
  },
  seen: (key) => moments.of(`join ${key}`),
  unregister: async (key) => broker.destroyService(services.get(key)!),
  gone: (name) => moments.of(`gone ${name}`),
  ask: (times, inFlight, action) =>
    questions(times, inFlight, (payload) => broker.call(`echoes.${action}`, payload)),
  processorUs,
};
serve({ ...contender });

function servicesKnown(): { readonly name: string }[] {
  return broker.registry.getServiceList({ onlyAvailable: true }) as { name: string }[];
}
