/**
 * The types of names and calls, by example; compiled as scope.types.ts is. Members that the library keeps to itself are missing in
 * the published declarations, and a type that consists of nothing else accepts everything.
 */
import {
  hashBy,
  PgRegistryError,
  type LocalProcess,
  type PgRegistryNode,
  type Pid,
  type ProcessService,
  via,
} from 'nestjs-pg-registry';

const name = via('docs', 'a');

export function picks(): void {
  name.pick('local-first').pick('random').pick('round-robin').pick(hashBy(7));
  // @ts-expect-error: no such strategy
  name.pick('fastest');
  // @ts-expect-error: a number is none either
  name.pick(7);
  // @ts-expect-error: only hashBy() makes one
  name.pick({});
  // @ts-expect-error: a function is no key
  hashBy(() => 1);
}

export async function calls(processes: ProcessService, process: LocalProcess, pid: Pid): Promise<void> {
  await processes.call(name, 'read', undefined, { timeoutMs: Infinity });
  await processes.call(pid, 'read');
  // @ts-expect-error: a process of this node is called by its pid
  await processes.call(process, 'read');
  // @ts-expect-error: a text is no destination
  await processes.call('docs', 'read');
  // @ts-expect-error: an object with the fields of a pid is none
  await processes.call({ node: 'a', incarnation: 'b', id: 1 }, 'read');
  // @ts-expect-error: no such option
  await processes.call(pid, 'read', undefined, { timeout: 1 });
  // @ts-expect-error: nor one of another type
  await processes.call(pid, 'read', undefined, { timeoutMs: '1' });
}

export function strangers(): void {
  // @ts-expect-error: an empty object is no process
  const process: LocalProcess = {};
  // @ts-expect-error: no pid
  const pid: Pid = {};
  // @ts-expect-error: no node
  const node: PgRegistryNode = {};
  // @ts-expect-error: an error without a code
  const error: PgRegistryError = new Error('mine');
  void [process, pid, node, error];
}
