import { NoHandlerError, type Value, quoteText } from '../term';
import type { CallContext } from './call-context';
import type { Message } from './message';

/** Handles the messages of a process. Every handler runs as the process; results may be promises. */
export interface Handlers {
  /** Answers a call. @throws NoHandlerError naming the valid names. */
  call(name: string, payload: Value, context: CallContext): unknown;
  /** Handles a cast. @throws NoHandlerError naming the valid names. */
  cast(name: string, payload: Value, context: CallContext): unknown;
  /** Handles a message of `send`. @throws NoHandlerError if the process takes none. */
  message(message: Value, context: CallContext): unknown;
}

/** Handles one named call or cast. */
export type Handler = (payload: Value, context: CallContext) => unknown;

/** Handlers by name. */
export interface HandlerMap {
  readonly calls?: ReadonlyMap<string, Handler>;
  readonly casts?: ReadonlyMap<string, Handler>;
  readonly message?: Handler | undefined;
}

/** {@link Handlers} that look up a handler by its name. */
export class HandlerTable implements Handlers {
  readonly #owner: string;
  readonly #map: HandlerMap;

  /** @param owner Named in errors, such as a class's name. */
  constructor(owner: string, map: HandlerMap) {
    this.#owner = owner;
    this.#map = map;
  }

  call(name: string, payload: Value, context: CallContext): unknown {
    const handler = this.#map.calls?.get(name);
    if (handler === undefined) throw this.#noHandler('call', this.#map.calls, name);
    return handler(payload, context);
  }

  cast(name: string, payload: Value, context: CallContext): unknown {
    const handler = this.#map.casts?.get(name);
    if (handler === undefined) throw this.#noHandler('cast', this.#map.casts, name);
    return handler(payload, context);
  }

  message(message: Value, context: CallContext): unknown {
    if (this.#map.message === undefined)
      throw new NoHandlerError(`${this.#owner} has no handler for messages of send(). Nothing was executed.`);
    return this.#map.message(message, context);
  }

  #noHandler(kind: 'call' | 'cast', handlers: HandlerMap['calls'], name: string): NoHandlerError {
    const names = [...(handlers?.keys() ?? [])].toSorted().map((known) => `'${known}'`);
    const valid = names.length === 0 ? 'it has none' : `valid are ${names.join(', ')}`;
    return new NoHandlerError(`${this.#owner} has no ${kind} handler ${quoteText(name)}; ${valid}.`);
  }
}

/** Hands a message to its handler. */
export function invoke(
  handlers: Handlers,
  { message, context }: { readonly message: Message; readonly context: CallContext },
): unknown {
  const { kind, name, payload } = message;
  if (kind === 'message') return handlers.message(payload, context);
  return kind === 'call' ? handlers.call(name, payload, context) : handlers.cast(name, payload, context);
}
