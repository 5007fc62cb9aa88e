import type { PidInterner, ValueLimits } from '../term';
import type { CallChannel } from './call-channel';
import type { CallTracer } from './call-tracer';
import type { Processes, Timers } from '../lifetime';
import type { Resolver } from './resolver';

/** What the calls of a node need of it; one per node. */
export interface CallsSurroundings {
  readonly node: string;
  readonly incarnation: string;
  readonly processes: Processes;
  readonly pids: PidInterner;
  /** Of payloads and results: `maxValueBytes` is usually that of a frame, not of an entry. */
  readonly limits: ValueLimits;
  readonly timers: Timers;
  /** A number in [0, 1), like `Math.random`. */
  readonly random: () => number;
  readonly channel: CallChannel;
  readonly resolver: Resolver;
  /** Records calls and handlers as spans. Default: nobody does, and calls carry what their options name. */
  readonly tracer?: CallTracer | undefined;
  /** Whether errors tell other nodes where in this node's code they were thrown. Default false. */
  readonly remoteStacks?: boolean;
  /** What nobody waits for went wrong, or a frame was refused. Every reason is counted, too. For a log limited in rate. */
  readonly onWarning: (reason: CallWarning, message: string, error?: unknown) => void;
}

/** Why a node's calls warn; also the names of their counters. */
export type CallWarning =
  /** A cast or message found nobody, or a full mailbox. */
  | 'undelivered'
  /** The handler of a cast or message threw. */
  | 'handler-failed'
  /** A frame that this version does not write. */
  | 'malformed-frame';
