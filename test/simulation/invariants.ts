/** What must hold after every step of every scenario, whatever the network and the machines did. docs/PROTOCOL.md lists them. */
export const INVARIANTS = {
  1: "A node never changes another node's entries. What it holds of an owner is, entry by entry, what that owner once wrote, and only the owner's node ever writes the owner's entries.",
  2: 'No node removes an entry of a living owner that can be reached. It removes a peer only after a goodbye (also a forged one: then invariant 3 brings it back), after a newer incarnation of its name, after its connection was gone for confirmMs (rejoinGraceMs if its server or a route failed), after peerTimeoutMs of silence, or after isolationTimeoutMs without an own connection. Any other leave was made by the owner.',
  3: 'After heal and quiet, every view equals the union of the tables of the living owners, and every living node has every other one as an unsuspected peer.',
  4: "After every step, each subscriber's snapshot plus events equals what its node reads. Joins are of entries that were not there, leaves and updates of entries that were, and updates start from the value that was there.",
  5: 'Memory stays within the documented bounds: unsent operations, recent operations, parked frames, entries of each peer, peers, remembered names, open probes, messages and watches of other nodes.',
  6: 'A node is fenced only by a living namesake, and of living namesakes that can reach each other one remains.',
  7: 'replicated() resolves only when every peer that runs the scope, and was not removed meanwhile, has applied what was written before. It ends in any case.',
  8: 'What a node knows of an owner never goes back: the revision of an entry only rises, and an entry that left does not return.',
  9: 'Nothing throws. No node reports that digests differ or that a frame of an honest peer is malformed. What can only be refused is counted.',
  10: 'After heal and quiet, the nodes ask for nothing, repair nothing, sync nothing and change nothing.',
  11: 'In no second does a node send a hostile peer more than ten times what it gets of it, beyond what an asker may have once.',
  12: 'No hostile peer keeps other nodes from being in sync: without other faults, every node is soon in sync with all that send their entries.',
  13: 'A call between other nodes ends only with the answer of its process, at its deadline, or with the loss of its node or connection, and at its deadline at the latest. A monitor tells of every process that has ended or whose node was lost, and of no other.',
} as const;

export type InvariantNumber = keyof typeof INVARIANTS;

/** A broken invariant: its number, and what the checker saw. */
export class Violation extends Error {
  constructor(
    readonly invariant: InvariantNumber,
    readonly what: string,
  ) {
    super(`Invariant ${invariant} is broken: ${what}\n  (${INVARIANTS[invariant]})`);
  }
}
