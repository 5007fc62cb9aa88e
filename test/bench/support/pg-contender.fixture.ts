/** A Nest application with this library, for the comparison. */
import { PgRegistryNode, ProcessService, via } from 'nestjs-pg-registry';
import { serve } from '../../support/fixture';
import { type Contender, Moments, processorUs, questions } from './contender';
import { startApplication } from './echo';
import { monotonicMs } from './monotonic';

const moments = new Moments();
const echo = via('echoes', 'echo');
let node: PgRegistryNode;
let processes: ProcessService;

const contender: Contender = {
  start: async (servers, name, answers) => {
    const application = await startApplication(name, servers, answers);
    node = application.get(PgRegistryNode);
    processes = application.get(ProcessService);
    registry()
      .monitorScope()
      .subscribe((event) => {
        if (event.type === 'join' && typeof event.key === 'string') moments.note(`join ${event.key}`);
      });
    node.peerEvents$.subscribe(
      ({ type, node: peer }) => type === 'peer-removed' && moments.note(`gone ${peer}`),
    );
  },
  knowsEcho: () => registry().lookup('echo').length > 0,
  knows: (name) => node.peers().some((peer) => peer.node === name),
  register: (key) => {
    const at = monotonicMs();
    registry().register(key, null);
    return at;
  },
  seen: (key) => moments.of(`join ${key}`),
  unregister: (key) => {
    registry().unregister(key);
  },
  gone: (name) => moments.of(`gone ${name}`),
  ask: (times, inFlight, handler) =>
    questions(times, inFlight, (payload) => processes.call(echo, handler, payload)),
  processorUs,
};
serve({ ...contender });

function registry(): ReturnType<PgRegistryNode['scope']> {
  return node.scope('echoes');
}
