/**
 * observer/: looks into a running cluster.
 *
 * `facts` says what there is to know, as plain data. `local-facts` reads it on one node (`entry-search` page by page, `journal` and
 * `handler-meter` as it happens; `omissions` says what the journal left out); `answers` gives it to those who ask, within a share of time and bytes, and `question-port` is where they
 * ask. `cluster-facts` asks all nodes by a `FactSource` and puts together what they say; `explain` compares what they believe about a key.
 * `pg-registry-observer` is the public class; `service-facts` is what tools for NATS services may know.
 *
 * Promises: reading costs a bounded time, whatever is asked; a question changes nothing unless the node allows it; what another node answers
 * is checked (`shapes`, and `observed-shapes` for what the page answers) before it is used. Those who ask are no peers. With nobody looking, only the journal costs anything.
 * May import: term, match, table, wire, cluster, names, entities, scope, lifetime, calls, transport.
 */
export { Answers } from './answers';
export { ClusterFacts, type EntrySearch, type Facts } from './cluster-facts';
export type { Belief, Difference, DifferenceReason, Explanation, SeenChange } from './explain';
export { type FactSource, QuestionSender } from './fact-source';
export type {
  ChangeFact,
  EntityFact,
  EntityPage,
  EntryFact,
  EntryPage,
  EventBatch,
  HandlerFact,
  KeyFact,
  NameFact,
  NodeFact,
  NodeKeyFact,
  ObservedNode,
  ObservedScope,
  PeerFact,
  ProcessFact,
  ProcessPage,
  ScopeFact,
  StreamFact,
  StreamPhase,
} from './facts';
export { HandlerMeter } from './handler-meter';
export { Journal } from './journal';
export { type Json, keyOfText } from './json-form';
export type { LocalNode } from './local-node';
export {
  type NormalObserverOptions,
  normalObserverOptions,
  type ObserverAction,
  type ObserverOptions,
} from './observer-options';
export { OBSERVED_SHAPES } from './observed-shapes';
export { PgRegistryObserver } from './pg-registry-observer';
export { encodeQuestion } from './question';
export { QuestionPort } from './question-port';
export { serviceFacts } from './service-facts';
export { anyJson, MISFIT, type Shape, SHAPES } from './shapes';
