/** The scope in which handlers are registered, under Nest's normalised pattern. It runs where somebody listens or asks. */
export const RPC_SCOPE = 'rpc';

/** What is stored with a registered pattern: the queue group of its handlers, or nothing. */
export type PatternValue = { readonly queue: string } | null;
