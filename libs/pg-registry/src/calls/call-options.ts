import {
  InvalidArgumentError,
  isWellFormed,
  normalValue,
  OptionChecks,
  type PidInterner,
  textBytes,
  type ValueLimits,
} from '../term';
import { type CallHeaders, NO_HEADERS, type TraceContext } from './call-context';
import { isHeaders, MAX_NAME_BYTES } from './frames/call-frames';
import { HEADERS } from './payload';

/** The options of a call. */
export interface CallOptions {
  /**
   * How long to wait for the answer in milliseconds, fail-over included; also the limit of the handler. Default 5000; Infinity for none;
   * with 0 nothing is executed.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the call with the signal's reason and aborts the signal of the handler, on other nodes too. */
  readonly signal?: AbortSignal | undefined;
  /** Short strings that go with the payload. */
  readonly headers?: CallHeaders | undefined;
  /** W3C trace context, the parent of the call's span. Default: that of `headers`, otherwise the current one of the node's tracer. */
  readonly trace?: TraceContext | undefined;
}

/** Options of a call after the checks, with every default filled in. */
export interface CheckedOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly headers: CallHeaders;
  readonly trace: TraceContext | undefined;
}

const NAMES = ['timeoutMs', 'signal', 'headers', 'trace'];
const CHECKS: OptionChecks = new OptionChecks('Nothing was sent.', 'a call');
const DEFAULT_TIMEOUT_MS = 5000;

/** Checks the arguments of calls before anything is sent. */
export class CallArguments {
  readonly #pids: PidInterner;
  readonly #limits: ValueLimits;

  constructor(pids: PidInterner, limits: ValueLimits) {
    this.#pids = pids;
    this.#limits = limits;
  }

  /** @throws InvalidArgumentError unless it is a handler's name: 1 to 256 bytes. */
  name(name: unknown): string {
    const bytes = typeof name === 'string' ? textBytes(name) : 0;
    // -1 if it is not well-formed.
    if (typeof name === 'string' && bytes > 0 && bytes <= MAX_NAME_BYTES) return name;
    throw new InvalidArgumentError(
      `The name of a handler must be a string of 1 to ${MAX_NAME_BYTES} bytes. Nothing was sent.`,
    );
  }

  /** @throws InvalidOptionError naming the option that is wrong or unknown. */
  options(options: CallOptions): CheckedOptions {
    CHECKS.names(options, NAMES);
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal, headers, trace } = options;
    CHECKS.signal('signal', signal);
    const checked = headers === undefined ? NO_HEADERS : this.#headers(headers);
    return {
      timeoutMs: CHECKS.timeout('timeoutMs', timeoutMs),
      signal,
      headers: checked,
      trace: checkedTrace(trace ?? traceOf(checked)),
    };
  }

  #headers(headers: unknown): CallHeaders {
    const normal = normalValue(headers, this.#limits, this.#pids, HEADERS);
    if (isHeaders(normal)) return normal;
    throw CHECKS.error('headers', headers, 'an object of strings');
  }
}

function traceOf({ traceparent, tracestate }: CallHeaders): TraceContext | undefined {
  return traceparent === undefined ? undefined : { traceparent, tracestate };
}

function checkedTrace(trace: TraceContext | undefined): TraceContext | undefined {
  if (trace === undefined) return undefined;
  const { traceparent, tracestate } = trace;
  const parts: readonly unknown[] = [traceparent, tracestate ?? ''];
  if (parts.some((part) => typeof part !== 'string' || !isWellFormed(part)) || traceparent === '') {
    throw CHECKS.error('trace', trace, '{ traceparent, tracestate? } with strings');
  }
  return Object.freeze(tracestate ? { traceparent, tracestate } : { traceparent });
}
