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
  it('becomes crash by a refused probe, and ends with any frame of the peer', () => {
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

  it('does not arise from a probe that was sent before the last frame of the peer came', () => {
    const state = new SuspicionState(0);
    state.heard(20);
    expect([state.refused(19, 21), state.timedOut(20)]).toEqual([false, false]);
    expect(state.suspicion).toBeUndefined();
  });

  it('stays crash when a probe caught in the dying process times out after the next was refused', () => {
    const state = new SuspicionState(0);
    state.refused(260, 262);
    expect(state.timedOut(10)).toBe(false);
    expect(state.suspicion).toBe('crash');
  });

  it('turns from crash to silence when a later probe times out, because the subscription is back', () => {
    const state = new SuspicionState(0);
    state.refused(10, 11);
    expect(state.timedOut(20)).toBe(true);
    expect([state.suspicion, state.refusedSince, state.unansweredSince]).toEqual(['silence', undefined, 10]);
  });

  it('starts its silence anew after a stall of this node, and keeps its refusals', () => {
    const state = new SuspicionState(0);
    state.refused(10, 11);
    state.restartSilence(5000);
    expect([state.unansweredSince, state.refusedSince, state.heardAt]).toEqual([5000, 11, 0]);
  });
});

describe('the server of a refused peer', () => {
  it('lives if it is mine and I have been there for longer than the grace', () => {
    expect(evidence(0).serverLives('mine', refused(5500, 6000))).toBe(true);
    expect(evidence(2000).serverLives('mine', refused(5500, 6000))).toBe(false);
  });

  it('lives if it is mine and the peer named it to me on this very connection, however young that is', () => {
    expect(evidence(100).serverLives('mine', refused(300, 900, 200))).toBe(true);
    expect(evidence(100).serverLives('mine', refused(300, 900, 99))).toBe(false);
  });

  it('lives if a colleague answered a probe sent since, and the peer was refused again a moment later', () => {
    const server = evidence(0);
    server.answered('theirs', 290, 295);
    expect(server.serverLives('theirs', refused(300, 900))).toBe(false);
    server.answered('theirs', 310, 315);
    expect(server.serverLives('theirs', refused(300, 400))).toBe(false);
    expect(server.serverLives('theirs', refused(300, 900))).toBe(true);
  });

  it('is not known to live if it was never named', () => {
    expect(evidence(0).serverLives('', refused(6000, 9000, 1))).toBe(false);
  });
});

describe('a grace period that follows others', () => {
  it('restarts the timers of silent peers, but not for ever', () => {
    const grace = new GracePeriod(100);
    const restarts = [0, 90, 180, 200, 201, 290].map((now) => grace.begin(now));
    expect(restarts).toEqual([true, true, true, true, false, false]);
    expect(grace.begin(400)).toBe(true);
  });
});
