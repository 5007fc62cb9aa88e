import { GracePeriod } from './grace-period';
import { ServerEvidence } from './server-evidence';
import { SuspicionState } from './suspicion';

function evidence(connectedAt: number): ServerEvidence {
  const server = new ServerEvidence(5000, 250);
  server.connected('mine', connectedAt);
  return server;
}

function refused(since: number, until: number, namedAt = -Infinity): SuspicionState {
  const state = new SuspicionState(-1);
  state.serverNamedAt = namedAt;
  state.refused(since, since);
  state.refused(until, until);
  return state;
}

describe('a suspicion', () => {
  it('a suspicion becomes crash by a refused probe, and ends with any frame of the peer', () => {
    const state = new SuspicionState(0);
    expect(state.refused(10, 11)).toBe(true);
    expect([state.suspicion, state.refusedSince]).toEqual(['crash', 11]);
    state.heard(12);
    expect([state.suspicion, state.refusedSince, state.unansweredSince]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('a probe that was sent before the last frame of the peer raises no suspicion', () => {
    const state = new SuspicionState(0);
    state.heard(20);
    expect([state.refused(19, 21), state.timedOut(20)]).toEqual([false, false]);
    expect(state.suspicion).toBeUndefined();
  });

  it('a suspicion stays crash when a probe caught in the dying process times out after the next was refused', () => {
    const state = new SuspicionState(0);
    state.refused(260, 262);
    expect(state.timedOut(10)).toBe(false);
    expect(state.suspicion).toBe('crash');
  });

  it('a suspicion turns from crash to silence when a later probe times out, because the subscription is back', () => {
    const state = new SuspicionState(0);
    state.refused(10, 11);
    expect(state.timedOut(20)).toBe(true);
    expect([state.suspicion, state.refusedSince, state.unansweredSince]).toEqual(['silence', undefined, 10]);
  });

  it('a stall of this node restarts the silence of a suspicion and keeps its refusals', () => {
    const state = new SuspicionState(0);
    state.refused(10, 11);
    state.restartSilence(5000);
    expect([state.unansweredSince, state.refusedSince, state.heardAt]).toEqual([5000, 11, 0]);
  });
});

describe('the server of a refused peer', () => {
  it("a refused peer's server counts as alive if it is this node's own for longer than the grace period", () => {
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

describe('a grace period that follows others', () => {
  it('grace periods in a row restart the timers of silent peers, but not for ever', () => {
    const grace = new GracePeriod(100);
    const restarts = [0, 90, 180, 200, 201, 290].map((now) => grace.begin(now));
    expect(restarts).toEqual([true, true, true, true, false, false]);
    expect(grace.begin(400)).toBe(true);
  });
});
