import type { Facts, Json } from '../observer';
import type { Output } from './output';
import type { Session } from './session';
import type { Settings } from './settings';

/** What a verb works with. */
export interface Work {
  readonly facts: Facts;
  readonly session: Session;
  readonly settings: Settings;
  readonly out: Output;
  /** Aborts when the user wants to leave. */
  readonly signal: AbortSignal;
}

/** How a verb ended: 0 all is well, 1 what was asked for is not there or not well. */
export type Status = 0 | 1;

/** One verb of the command. */
export interface Verb {
  readonly name: string;
  /** The words behind it, for help: those in brackets may be missing. */
  readonly words: string;
  readonly summary: string;
  readonly help: string;
  readonly example: string;
  readonly run: (work: Work, words: readonly string[]) => Promise<Status>;
}

/** A pid as people read it: `<orders-1.42>`. */
export function shortPid(pid: string): string {
  const parts = pid.split('/');
  return parts.length < 3 ? pid : `<${parts.slice(0, -2).join('/')}.${parts.at(-1) ?? ''}>`;
}

/** JSON on one line. */
export function jsonText(json: Json | undefined): string {
  return json === undefined ? '' : JSON.stringify(json);
}
