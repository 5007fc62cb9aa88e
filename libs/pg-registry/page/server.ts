import { useEffect, useRef, useState } from 'preact/hooks';

/** Where the page is, with a slash at the end: everything that is asked for is below it. */
const BASE = location.pathname.endsWith('/') ? location.pathname : `${location.pathname}/`;

/** Parameters of a question; those that are undefined are left out. */
export type Parameters = Readonly<Record<string, string | number | undefined>>;

/** Returns the address of a fact or of the stream of events. */
export function addressOf(fact: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return `${BASE}api/${fact}${text === '' ? '' : `?${text}`}`;
}

/** Asks the server. Rejects with an error whose message is for people. */
export async function ask<T>(fact: string, parameters?: Parameters, signal?: AbortSignal): Promise<T> {
  return await read<T>(await fetch(addressOf(fact, parameters), signal === undefined ? {} : { signal }));
}

/** Lets the server do something. The browser sends the page's origin with it. */
export async function act(action: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json', 'x-pg-registry-action': action };
  const response = await fetch(addressOf(action), { method: 'POST', headers, body: JSON.stringify(body) });
  return (await read<{ readonly result: unknown }>(response)).result;
}

async function read<T>(response: Response): Promise<T> {
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  const body: unknown = isJson ? await response.json() : undefined;
  if (response.ok && isJson) return body as T;
  const error = (body as { readonly error?: { readonly message?: unknown } } | undefined)?.error;
  const message = typeof error === 'object' ? error.message : undefined;
  throw new Error(typeof message === 'string' ? message : refusal(response.status));
}

function refusal(status: number): string {
  if (status === 401 || status === 403)
    return 'The server does not let you look. Log in again, and load the page anew.';
  return `The server answered with status ${status}.`;
}

/** What somebody thrown says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What was asked for again and again: the latest answer, and what is wrong now. */
export interface Polled<T> {
  readonly data: T | undefined;
  readonly problem: string | undefined;
}

/**
 * Asks for a fact now and again, each time so long after the last answer, as long as somebody can see the page.
 *
 * @param fact Undefined: there is nothing to ask.
 */
export function usePolled<T>(fact: string | undefined, parameters: Parameters, everyMs: number): Polled<T> {
  const [state, setState] = useState<Polled<T> & { readonly of: string }>({
    of: '',
    data: undefined,
    problem: undefined,
  });
  const address = fact === undefined ? '' : addressOf(fact, parameters);
  const latest = useRef(state);
  latest.current = state;
  useEffect(() => {
    if (address === '') return undefined;
    const abort = new AbortController();
    let timer = 0;
    const turn = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          const data = await read<T>(await fetch(address, { signal: abort.signal }));
          setState({ of: address, data, problem: undefined });
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        const { of, data } = latest.current;
        const problem = error instanceof TypeError ? 'This node does not answer any more.' : messageOf(error);
        setState({ of: address, data: of === address ? data : undefined, problem });
      }
      if (!abort.signal.aborted) timer = window.setTimeout(() => void turn(), everyMs);
    };
    void turn();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [address, everyMs]);
  return state.of === address ? state : { data: undefined, problem: undefined };
}
