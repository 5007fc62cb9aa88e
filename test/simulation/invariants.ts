/** What must hold after every step of every history, whatever the network and the machines did. docs/PROTOCOL.md lists them. */
export const INVARIANTS = {
  1: "A node never changes another's entries: what it holds of an owner is, entry by entry, what that owner once wrote, and nothing but the owner's node ever writes its own entries.",
  2: 'An entry of a living owner that can be reached is never removed anywhere: a peer is removed only after goodbye, after a newer incarnation of its name, after its connection was gone for confirmMs (rejoinGraceMs if its server or a route failed), after peerTimeoutMs of silence, or after isolationTimeoutMs of own disconnection. Any other leave was made by the owner.',
  3: 'After heal and quiet all views are equal to the union of the tables of the living owners, and every living node has every other as an unsuspected peer.',
  4: "Every subscriber's snapshot plus events equals what its node reads, after every step; joins are of entries that were not there, leaves and updates of entries that were, updates from the value that was there.",
  5: 'Memory stays within the documented bounds: unsent operations, recent operations, parked frames, peers, remembered names, open probes.',
  6: 'Nobody alive is buried: a node is fenced only by a living namesake, and of living namesakes that can reach each other one remains.',
  7: 'replicated() resolves only when every peer that runs the scope and was not removed meanwhile has applied what was written before, and ends in any case.',
  8: 'What is known of an owner never goes back: revisions of an entry only rise, and an entry that left does not return.',
  9: 'Nothing throws, no node is told that digests differ or that a frame of a faithful peer is malformed, and what can only be refused is counted.',
  10: 'Quiet is quiet: after heal and quiet nothing is asked for, repaired, synced or changed any more.',
} as const;

export type InvariantNumber = keyof typeof INVARIANTS;

/** A broken invariant: its number, and what was seen. */
export class Violation extends Error {
  constructor(
    readonly invariant: InvariantNumber,
    readonly what: string,
  ) {
    super(`Invariant ${invariant} is broken: ${what}\n  (${INVARIANTS[invariant]})`);
  }
}
