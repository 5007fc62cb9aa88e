import type { Pid } from '../../term';
import type { Message } from '../message';
import type { SentRequest } from './call-channel';
import type { CallToken } from './call-token';

/** The calls of one frame: they share the news that nobody listens where it went. */
export interface Bundle {
  readonly calls: SentCall[];
  /** How many of them wait for their reply. */
  open: number;
  /** Of the frame; 0 until it leaves. */
  number: number;
  /** The number with what nobody can guess; empty until the frame leaves. */
  token: string;
}

/** A call to a process of another node, until it has ended. */
export interface SentCall extends CallToken {
  /** The process, and what it is asked. */
  readonly attempt: { readonly pid: Pid; readonly message: Message };
  /** The bundle that it left in, if in one. */
  bundle: Bundle | undefined;
  /** The frame of its own that it left in, if in one: a peer of version 1 knows no bundles. */
  request: SentRequest | undefined;
  /** Nobody listens where the frame went, or the connection was lost before it left: the call was not delivered. */
  undelivered(why: 'no-responders' | 'not-connected'): void;
}
