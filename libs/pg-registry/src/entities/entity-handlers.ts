import type { Handlers } from '../calls';
import type { CreatedInstance } from '../process';
import type { Pid } from '../term';
import type { EntityLifecycle } from './entity-options';

/** The name by which the host has an entity merge a state; others who use it get `NoHandlerError`. */
export const MERGE = 'pg.merge';

/** The name by which an entity tells its process. */
export const SELF = 'pg.self';

/** What the handlers of an entity add to those of its class. */
export interface EntityHandlersDeps {
  /** The process of this node's host. */
  readonly host: Pid;
  /** The process that the running code belongs to. */
  readonly self: () => Pid;
  /** Called when a handler has failed. */
  readonly onError: (() => void) | undefined;
}

/** Makes the handlers of one entity. */
export function entityHandlers({ instance, handlers }: CreatedInstance, deps: EntityHandlersDeps): Handlers {
  return {
    call: (name, payload, context) => {
      if (name === MERGE && context.caller === deps.host) return merged(instance, payload);
      if (name === SELF) return deps.self();
      return guarded(deps, () => handlers.call(name, payload, context));
    },
    cast: (name, payload, context) => guarded(deps, () => handlers.cast(name, payload, context)),
    message: (payload, context) => guarded(deps, () => handlers.message(payload, context)),
  };
}

/** Runs a handler, and tells of its error. */
function guarded({ onError }: EntityHandlersDeps, run: () => unknown): unknown {
  if (onError === undefined) return run();
  const failed = (error: unknown): never => {
    onError();
    throw error;
  };
  try {
    const answer = run();
    return answer instanceof Promise ? answer.catch(failed) : answer;
  } catch (error) {
    return failed(error);
  }
}

/** Has an instance merge a state. @returns Whether it has a use for it. */
async function merged(instance: EntityLifecycle, state: unknown): Promise<boolean> {
  if (instance.onMerge === undefined) return false;
  await instance.onMerge(state);
  return true;
}
