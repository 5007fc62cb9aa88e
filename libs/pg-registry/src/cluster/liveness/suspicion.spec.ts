import { OwnInterruptions } from './own-interruptions';
import { ServerEvidence } from './server-evidence';
import { SuspicionGrounds } from './suspicion';

function evidence(connectedAt: number): ServerEvidence {
  const server = new ServerEvidence(5000, 250);
  server.connected('mine', connectedAt);
  return server;
}

function refused(since: number, until: number, namedAt = -Infinity): SuspicionGrounds {
  const grounds = new SuspicionGrounds(-1);
  grounds.serverNamedAt = namedAt;
  grounds.refused(since, since);
  grounds.refused(until, until);
  return grounds;
}

describe('a suspicion', () => {
  it('a suspicion becomes crash by a refused probe, and ends with any frame of the peer', () => {
    const grounds = new SuspicionGrounds(0);
    expect([grounds.refused(10, 11), grounds.refusedSince]).toEqual(['crash', 11]);
    grounds.heard(12);
    expect([grounds.refusedSince, grounds.unansweredSince]).toEqual([undefined, undefined]);
  });

  it('a probe that was sent before the last frame of the peer raises no suspicion', () => {
    const grounds = new SuspicionGrounds(0);
    grounds.heard(20);
    expect([grounds.refused(19, 21), grounds.timedOut(20)]).toEqual([undefined, undefined]);
  });

  it('a suspicion stays crash when a probe caught in the dying process times out after the next was refused', () => {
    const grounds = new SuspicionGrounds(0);
    grounds.refused(260, 262);
    expect([grounds.timedOut(10), grounds.refusedSince]).toEqual([undefined, 262]);
  });

  it('a suspicion turns from crash to silence when a later probe times out, because the subscription is back', () => {
    const grounds = new SuspicionGrounds(0);
    grounds.refused(10, 11);
    expect([grounds.timedOut(20), grounds.refusedSince, grounds.unansweredSince]).toEqual([
      'silence',
      undefined,
      10,
    ]);
  });

  it('a stall of this node restarts the silence of a suspicion and keeps its refusals', () => {
    const grounds = new SuspicionGrounds(0);
    grounds.refused(10, 11);
    grounds.restartSilence(5000);
    expect([grounds.unansweredSince, grounds.refusedSince, grounds.heardAt]).toEqual([5000, 11, 0]);
  });
});

describe('the server of a refused peer', () => {
  it("a refused peer's server counts as alive if it is this node's own for longer than rejoinGraceMs", () => {
    expect(evidence(0).serverLives('mine', refused(5500, 6000))).toBe(true);
    expect(evidence(2000).serverLives('mine', refused(5500, 6000))).toBe(false);
  });

  it("a refused peer's server counts as alive if it is this node's own and the peer named it on this connection, however young that is", () => {
    expect(evidence(100).serverLives('mine', refused(300, 900, 200))).toBe(true);
    expect(evidence(100).serverLives('mine', refused(300, 900, 99))).toBe(false);
  });

  it("a refused peer's server counts as alive if another node on it answered a later probe, and the peer was refused again", () => {
    const server = evidence(0);
    server.answered('theirs', 290, 295);
    expect(server.serverLives('theirs', refused(300, 900))).toBe(false);
    server.answered('theirs', 310, 315);
    expect(server.serverLives('theirs', refused(300, 400))).toBe(false);
    expect(server.serverLives('theirs', refused(300, 900))).toBe(true);
  });

  it("a refused peer's server does not count as alive if the peer never named it", () => {
    expect(evidence(0).serverLives('', refused(6000, 9000, 1))).toBe(false);
  });
});

describe('interruptions of this node', () => {
  it('interruptions in a row restart the timers of silent peers, but not for ever', () => {
    const interruptions = new OwnInterruptions(100);
    const restarts = [0, 90, 180, 200, 201, 290].map((now) => interruptions.add(now));
    expect(restarts).toEqual([true, true, true, true, false, false]);
    expect(interruptions.add(400)).toBe(true);
  });
});
