import type { PidInterner, ValueLimits } from '../term';
import type { Processes, Timers } from '../lifetime';
import type { CallChannel } from './frames/call-channel';
import type { CallTracer, HandlerRecording } from './call-tracer';
import type { CallLimits } from './peer-load';
import type { Peers, Resolver } from './resolver';

/** What a node gives its calls. One per node. */
export interface CallsDeps {
  readonly node: string;
  readonly incarnation: string;
  readonly processes: Processes;
  readonly pids: PidInterner;
  /** For payloads and results: `maxValueBytes` is usually that of a frame, not of an entry. */
  readonly limits: ValueLimits;
  /** What one frame may be decoded to, in bytes of memory. Default: any. */
  readonly maxHeapBytes?: number;
  readonly timers: Timers;
  /** Returns a number in [0, 1) that nobody can guess: tokens are made of it. */
  readonly random: () => number;
  /** What this node holds of one peer at most. Default {@link DEFAULT_CALL_LIMITS}. */
  readonly callLimits?: CallLimits;
  readonly channel: CallChannel;
  readonly resolver: Resolver;
  readonly peers: Peers;
  /** Records calls and handlers as spans. Default: nothing is recorded, and calls carry the trace that their options name. */
  readonly tracer?: CallTracer | undefined;
  /** Says what records the runs of handlers. Default: the tracer. */
  readonly meter?: HandlerRecording;
  /** Whether errors tell other nodes where in this node's code they were thrown. Default false. */
  readonly remoteStacks?: boolean;
  /** Logs, limited in rate, what nobody would hear of otherwise. Every warning is counted by its reason. */
  readonly onWarning: (reason: CallWarning, message: string, error?: unknown) => void;
}

/** Why a node's calls warn; also the names of their counters. */
export type CallWarning =
  /** A cast or message found no process, or a full mailbox. */
  | 'undelivered'
  /** The handler of a cast or message threw. */
  | 'handler-failed'
  /** A handler returned what cannot travel. */
  | 'invalid-answer'
  /** A frame, or an item of one, that no version writes. */
  | 'malformed-frame'
  /** A peer has too many messages here: its next ones were refused. */
  | 'too-many-messages'
  /** A peer watches too many processes: its next watches were refused. */
  | 'too-many-watches'
  /** A node that is no peer watches, or tells of the end of a process. */
  | 'from-stranger';
