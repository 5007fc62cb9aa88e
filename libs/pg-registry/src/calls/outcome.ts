import { CallTimeoutError, NodeDownError, ProcessExitedError, type Pid, type Value } from '../term';
import type { ReplyBody } from './call-frames';
import type { Answer } from './delivery';
import { errorForCaller, errorOfForm } from './error-form';

/** How an attempt to call one process ended. */
export type Outcome =
  | { readonly type: 'result'; readonly value: Value }
  /** `elsewhere`: who may be asked instead, because nothing can have been executed. */
  | {
      readonly type: 'error';
      readonly error: unknown;
      readonly elsewhere: 'nobody' | 'other-process' | 'other-node';
    };

const WHY_DOWN = {
  unknown: 'is no peer of this node: it left, was replaced or was never met. Nothing was sent',
  stale: 'was replaced by a newer incarnation of its name. Nothing was executed',
  draining: 'is about to leave the cluster and takes no calls. Nothing was executed',
  'no-responders': 'does not listen: it left or is leaving. Nothing was executed',
  lost: 'was lost before it answered. The call may have been executed',
};

/** The call ended, perhaps executed: nobody else may be asked. */
export function failed(error: unknown): Outcome {
  return { type: 'error', error, elsewhere: 'nobody' };
}

/** The call cannot have reached the node. */
export function unsent(error: Error): Outcome {
  return { type: 'error', error, elsewhere: 'other-node' };
}

/** What a failed call of a process of this node means to its caller. */
export function localFailure({ error, executed }: Extract<Answer, { type: 'error' }>): Outcome {
  return processFailure(errorForCaller(error), executed);
}

/** What another node's answer means to the caller. */
export function outcomeOf(body: ReplyBody, to: Pid): Outcome {
  if (body.type === 'result') return body;
  if (body.type === 'error') return processFailure(errorOfForm(body.error), body.executed);
  return unsent(nodeDown(to, body.type));
}

export function nodeDown(pid: Pid, why: keyof typeof WHY_DOWN): NodeDownError {
  return new NodeDownError(`The node of ${pid} ${WHY_DOWN[why]}.`, { mayHaveExecuted: why === 'lost' });
}

export function callTimeout(pid: Pid, name: string, timeoutMs: number): CallTimeoutError {
  return new CallTimeoutError(
    `${pid} did not answer '${name}' within ${timeoutMs} ms. The call may have been executed.`,
  );
}

function processFailure(error: Error, executed: boolean): Outcome {
  const elsewhere = error instanceof ProcessExitedError && !executed ? 'other-process' : 'nobody';
  return { type: 'error', error, elsewhere };
}
