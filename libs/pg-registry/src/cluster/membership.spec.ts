import { VirtualNetwork, type VirtualNode } from '../protocol/virtual-network.fixture';
import { encodeFrame, incarnationOf } from '../wire';

function pair(network: VirtualNetwork): [VirtualNode, VirtualNode] {
  const nodes: [VirtualNode, VirtualNode] = [network.start('a'), network.start('b')];
  for (const node of nodes) node.startScope('s');
  for (const node of nodes) node.join('s', node.name);
  network.run(1000);
  return nodes;
}

/** A node and a peer of it, with everything that the peer says from its first word on. */
function overheard(network: VirtualNetwork): [VirtualNode, VirtualNode, (readonly [string, Uint8Array])[]] {
  const frames: (readonly [string, Uint8Array])[] = [];
  const b = network.start('b');
  const a = network.add('a');
  network.onPublish = ({ from, subject, bytes }) => {
    if (from === a) frames.push([subject, bytes]);
  };
  network.connect(a);
  return [b, a, frames];
}

describe('meeting', () => {
  it('nodes become peers within a few milliseconds', () => {
    const network = new VirtualNetwork();
    const nodes = ['a', 'b', 'c'].map((name) => network.start(name));
    network.run(50);
    expect(nodes.map(({ peers }) => peers)).toEqual([
      ['b', 'c'],
      ['a', 'c'],
      ['a', 'b'],
    ]);
  });

  it('takes a new picture only of a peer that has changed, because each change shows all peers', () => {
    const network = new VirtualNetwork();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => network.start(name));
    for (const node of [b, c]) node.startScope('s');
    network.run(500);
    const of = (node: VirtualNode) =>
      a.protocol.peers().find(({ incarnation }) => incarnation === node.incarnation);
    const before = [of(b), of(c)];
    expect([of(b), of(c)].map((view, at) => view === before[at])).toEqual([true, true]);
    b.startScope('t');
    network.run(500);
    expect(of(b)?.scopes).toEqual(['s', 't']);
    expect(of(c) === before[1]).toBe(true);
    b.do((now) => b.protocol.drain(now));
    network.run(500);
    expect([of(b)?.state, before[0]?.state]).toEqual(['draining', 'ready']);
  });

  it('peers share the entries of a scope that started before the connection, and of one that started later', () => {
    const network = new VirtualNetwork();
    const a = network.add('a');
    a.startScope('early');
    a.join('early', 'x');
    network.connect(a);
    const b = network.start('b');
    b.startScope('early');
    network.run(300);
    expect(b.keys('early')).toEqual(['x']);
    a.startScope('late');
    b.startScope('late');
    b.join('late', 'y');
    network.run(300);
    expect(a.keys('late')).toEqual(['y']);
  });

  it('nodes become peers although every second message is lost', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const network = new VirtualNetwork(seed);
      network.loses = () => network.random() < 0.5;
      const [a, b] = pair(network);
      network.run(20_000);
      network.loses = () => false;
      network.run(5000);
      expect([a.keys('s'), b.keys('s')]).toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]);
    }
  });

  it('a node is synced when every peer had the time to answer and the first syncs are done', () => {
    const network = new VirtualNetwork();
    const [a] = pair(network);
    expect(a.protocol.synced).toBe(true);
    const late = network.start('late');
    late.startScope('s');
    expect(late.protocol.synced).toBe(false);
    expect(network.until(() => late.protocol.synced)).toBeLessThan(400);
    expect(late.keys('s')).toEqual(['a', 'b']);
  });

  it('a peer announces many scopes in pages, and a scope counts as absent only over all of them', () => {
    const network = new VirtualNetwork();
    const a = network.start({ name: 'a', options: { maxHelloBytes: 2048 } });
    const names = Array.from({ length: 60 }, (_, index) => `scope-${index}`);
    for (const name of names) a.startScope(name);
    network.run(100);
    const b = network.start('b');
    const scopesOfA = (): readonly string[] => b.protocol.peer(a.incarnation)?.scopes ?? [];
    network.run(1000);
    expect(scopesOfA()).toHaveLength(60);
    a.stopScope('scope-7');
    network.run(10);
    expect(scopesOfA()).toHaveLength(59);
    network.loses = ({ from }) => from === 'a';
    a.stopScope('scope-8');
    network.run(10);
    network.loses = () => false;
    expect(scopesOfA()).toHaveLength(59);
    network.run(4500); // the next heartbeat shows that a change was missed
    expect(scopesOfA()).toHaveLength(58);
  });
});

describe('a scope', () => {
  it('a scope that stops takes its entries away from every peer', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    a.stopScope('s');
    network.run(10);
    expect(b.keys('s')).toEqual(['b']);
    expect(b.peers).toEqual(['a']);
  });

  it('a restarted scope begins a new run: its old entries leave, its new ones come, and it gets the others again', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    a.stopScope('s');
    a.startScope('s');
    a.join('s', 'second');
    network.run(500);
    expect([a.keys('s'), b.keys('s')]).toEqual([
      ['b', 'second'],
      ['b', 'second'],
    ]);
  });

  it('a scope with different key modes is replicated all the same, with a warning', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    a.startScope('mixed', 'unique');
    b.startScope('mixed', 'duplicate');
    a.join('mixed', 'x');
    network.run(500);
    expect(b.keys('mixed')).toEqual(['x']);
    expect(b.warnings()).toEqual(['key-mode']);
  });
});

describe('an incarnation', () => {
  it('an incarnation that said goodbye never becomes a peer again, whatever frames of it are still on their way', () => {
    const network = new VirtualNetwork();
    const [b, a, frames] = overheard(network);
    network.run(1000);
    network.leave(a);
    network.run(10);
    for (const [subject, bytes] of frames) network.inject(b, subject, bytes);
    network.run(1000);
    expect(b.peers).toEqual([]);
    expect(b.eventsOf('a')).toEqual(['peer-up', 'peer-removed:goodbye']);
  });

  it('an incarnation that died does not become a peer again when its earlier frames are repeated', () => {
    const network = new VirtualNetwork();
    const [b, a, frames] = overheard(network);
    network.run(5000);
    network.kill(a);
    network.run(5000);
    for (const [subject, bytes] of frames) network.inject(b, subject, bytes);
    network.run(1000);
    expect(b.peers).toEqual([]);
    expect(b.eventsOf('a')).toEqual(['peer-up', 'peer-suspect:crash', 'peer-removed:crash']);
  });

  it('an incarnation that was removed and returns begins with its present state, not with that of an old hello', () => {
    const network = new VirtualNetwork();
    const [b, a, frames] = overheard(network);
    for (const node of [a, b]) node.startScope('s');
    network.run(1000);
    const old = [...frames];
    a.join('s', 'x');
    network.run(5000);
    network.disconnect(a);
    network.run(5000);
    expect(b.peers).toEqual([]);
    for (const [subject, bytes] of old) network.inject(b, subject, bytes);
    expect(b.peers).toEqual([]);
    network.connect(a);
    network.run(1000);
    expect([b.peers, b.keys('s')]).toEqual([['a'], ['x']]);
  });

  it('an incarnation of an older epoch cannot replace the present one: replays of it change nothing', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    const old = network.start({ name: 'a', epoch: 5 });
    network.run(1000);
    const hello = old.sent.length;
    expect(hello).toBeGreaterThan(0);
    network.kill(old);
    const present = network.start({ name: 'a', epoch: 6 });
    network.run(1000);
    const replay = old.protocol.envelope('cast', 'b', new Uint8Array(1));
    network.inject(b, replay.subject, replay.bytes);
    network.run(1000);
    expect(b.protocol.peers().map(({ incarnation }) => incarnation)).toEqual([present.incarnation]);
    expect(b.delivered).toEqual([]);
  });

  it('a node whose clock went back raises its epoch above the remembered one if nobody else has its name', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    const first = network.start({ name: 'a', epoch: 5000 });
    network.run(1000);
    network.kill(first);
    const second = network.start({ name: 'a', epoch: 3000 });
    second.startScope('s');
    second.join('s', 'x');
    b.startScope('s');
    network.run(3000);
    expect(second.protocol.epoch).toBe(5001);
    expect(b.protocol.peers().map(({ incarnation }) => incarnation)).toEqual([second.incarnation]);
    expect(b.keys('s')).toEqual(['x']);
  });
});

describe('two living nodes with one name', () => {
  it('two nodes whose clocks both went back tell each other, and become peers', () => {
    const network = new VirtualNetwork();
    network.cut('A', 'B');
    const before = [
      network.start({ name: 'd', server: 'A', epoch: 9000 }),
      network.start({ name: 'c', server: 'B', epoch: 9000 }),
    ];
    const c = network.start({ name: 'c', server: 'A', epoch: 1 });
    const d = network.start({ name: 'd', server: 'B', epoch: 1 });
    network.run(1000);
    for (const node of before) network.kill(node);
    network.heal();
    network.run(10_000);
    expect([c.peers, d.peers]).toEqual([['d'], ['c']]);
    expect([c.protocol.epoch, d.protocol.epoch]).toEqual([9001, 9001]);
  });

  it('a node whose clock went back raises its epoch also if it stood still while it checked its name', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    const first = network.start({ name: 'a', epoch: 5000 });
    network.run(1000);
    network.kill(first);
    const second = network.start({ name: 'a', epoch: 3000 });
    network.run(1.5); // its question is under way
    network.freeze(second);
    network.run(5000);
    network.thaw(second);
    network.run(5000);
    expect(second.protocol.epoch).toBe(5001);
    expect([b.peers, second.peers]).toEqual([['a'], ['b']]);
  });

  it('of two living nodes with one name the older one is fenced, sends nothing more, and its entries are gone', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    const older = network.start({ name: 'a', epoch: 1000 });
    for (const node of [b, older]) node.startScope('s');
    older.join('s', 'old');
    network.run(1000);
    const newer = network.start({ name: 'a', epoch: 2000 });
    newer.startScope('s');
    newer.join('s', 'new');
    network.run(1000);
    expect(older.protocol.state).toBe('fenced');
    expect(older.told.at(-1)).toMatchObject({ type: 'fenced', by: { incarnation: newer.incarnation } });
    expect(older.subscriptions).toEqual([]);
    expect(newer.protocol.state).toBe('ready');
    expect(b.keys('s')).toEqual(['new']);
    const said = older.sent.length;
    network.run(30_000);
    expect(older.sent).toHaveLength(said);
    expect(newer.protocol.epoch).toBe(2000);
  });

  it('of two living nodes with one name the one that started last stays, although its clock is a minute behind, and both log it', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    const first = network.start({ name: 'a', epoch: 200_000 });
    for (const node of [b, first]) node.startScope('s');
    first.join('s', 'first');
    network.run(1000);
    const last = network.start({ name: 'a', epoch: 140_000 });
    last.startScope('s');
    last.join('s', 'last');
    network.run(3000);
    expect([first.protocol.state, last.protocol.state]).toEqual(['fenced', 'ready']);
    expect([last.protocol.epoch, b.keys('s')]).toEqual([200_001, ['last']]);
    expect([first.warnings(), last.warnings()]).toEqual([['namesake'], ['namesake']]);
    expect(last.told.find(({ type }) => type === 'warn')).toMatchObject({
      message: expect.stringMatching(/1970-01-01T00:03:20.000Z .*1970-01-01T00:02:20.000Z/),
    });
  });

  it('a node gives way to a newer one of its name although it stood still while it first checked its name', () => {
    const network = new VirtualNetwork();
    const first = network.start({ name: 'a', epoch: 100_000 });
    network.run(1.5); // its question is under way
    network.freeze(first);
    network.run(5000);
    network.thaw(first);
    network.run(10_000);
    const last = network.start({ name: 'a', epoch: 101_000 });
    network.run(5000);
    expect([first.protocol.state, last.protocol.state]).toEqual(['fenced', 'ready']);
  });

  it('nodes of one name that start at the same moment with different clocks end with one of them, and do not outbid each other', () => {
    for (const seed of [1, 2, 3, 4]) {
      const network = new VirtualNetwork(seed);
      const nodes = [30, 10, 20].map((epoch) => network.start({ name: 'a', epoch }));
      network.run(10_000);
      expect(nodes.filter(({ protocol }) => protocol.state === 'ready')).toHaveLength(1);
      const rises = nodes.map(({ counts }) => counts['epoch-raised'] ?? 0);
      expect(Math.max(...rises)).toBeLessThanOrEqual(1);
    }
  });

  it('a living node is not fenced by frames of a namesake that has gone', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    const gone = network.start({ name: 'a', epoch: 5000 });
    network.run(1000);
    const { subject, bytes } = gone.protocol.envelope('cast', 'a', new Uint8Array(1));
    network.kill(gone);
    const a = network.start({ name: 'a', epoch: 3000 });
    network.inject(a, subject, bytes);
    network.run(8000);
    expect([a.protocol.state, a.protocol.epoch]).toEqual(['ready', 5001]);
    expect([a.peers, b.peers]).toEqual([['b'], ['a']]);
  });

  it('of three nodes with one name one stays when the first wakes up, reads frames of the second, which has left, and meets the third', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    const first = network.start({ name: 'a', epoch: 5000 });
    network.run(1000);
    network.freeze(first);
    const second = network.start({ name: 'a', epoch: 3000 });
    network.run(3000);
    expect([second.protocol.epoch, b.peers]).toEqual([5001, ['a']]);
    network.leave(second);
    const third = network.start({ name: 'a', epoch: 4000 });
    network.run(5);
    network.thaw(first);
    network.run(10_000);
    const states = [first, third].map(({ protocol }) => protocol.state);
    expect(states.toSorted()).toEqual(['fenced', 'ready']);
    expect(b.peers).toEqual(['a']);
  });

  it('two nodes with one name do not outbid each other if one hears the other but cannot reach it: the one that is heard stays', () => {
    const network = new VirtualNetwork();
    const b = network.start('b');
    network.loses = ({ speaker, to }) => speaker === deaf && to === 'a';
    const older = network.start({ name: 'a', epoch: 10 });
    const deaf = older.incarnation;
    const newer = network.start({ name: 'a', epoch: 20 });
    network.run(20_000);
    const rises = [older, newer].map(({ protocol }) => protocol.stats().counters['epoch-raised'] ?? 0);
    expect(rises).toEqual([0, 0]);
    expect(b.protocol.peer(newer.incarnation)).toBeDefined();
    network.loses = () => false;
    network.run(5000);
    expect([older.protocol.state, newer.protocol.state]).toEqual(['fenced', 'ready']);
  });

  it('all nodes agree which of two nodes with one name and one epoch stays', () => {
    const network = new VirtualNetwork();
    const nodes = [network.start({ name: 'a', epoch: 7 }), network.start({ name: 'a', epoch: 7 })];
    network.run(3000);
    expect(nodes.map(({ protocol }) => protocol.state).toSorted()).toEqual(['fenced', 'ready']);
  });
});

describe('a goodbye that somebody else said in the name of a node', () => {
  function sayGoodbye(network: VirtualNetwork, of: VirtualNode, to: readonly VirtualNode[]): void {
    const subject = of.protocol.subjects.announce('goodbye');
    const bytes = of.frame('goodbye');
    for (const node of to) network.inject(node, subject, bytes.slice());
  }

  it('a node that hears its own goodbye tells so, and is back with its entries before its next hello', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    sayGoodbye(network, a, [a, b]);
    expect([b.peers, b.keys('s')]).toEqual([[], ['b']]);
    network.run(200);
    expect([b.peers, b.keys('s')]).toEqual([['a'], ['a', 'b']]);
    expect(a.warnings()).toEqual(['forged-goodbye']);
  });

  it('a node that does not hear it is back after its next hello', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    const c = network.start('c');
    network.run(1000);
    sayGoodbye(network, a, [b, c]);
    expect([b.peers, c.peers]).toEqual([['c'], ['b']]);
    network.run(2500);
    expect([b.peers, c.peers]).toEqual([
      ['a', 'c'],
      ['a', 'b'],
    ]);
    expect(b.keys('s')).toEqual(['a', 'b']);
    expect(b.eventsOf('a')).toEqual(['peer-up', 'peer-removed:goodbye', 'peer-up']);
  });

  it('the same forged goodbye does not work twice', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    const subject = a.protocol.subjects.announce('goodbye');
    const bytes = a.frame('goodbye');
    network.inject(b, subject, bytes.slice());
    network.run(3000);
    expect(b.peers).toEqual(['a']);
    network.inject(b, subject, bytes.slice());
    expect([b.peers, b.counts['late-goodbye']]).toEqual([['a'], 1]);
  });

  it('a node answers a flood of forged goodbyes with at most one introduction a second', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    const before = a.sent.length;
    for (let times = 0; times < 500; times += 1) {
      sayGoodbye(network, a, [a, b]);
      network.run(10);
    }
    expect(a.counts['epoch-raised']).toBeLessThanOrEqual(6);
    expect(a.sent.length - before).toBeLessThan(300);
    network.run(3000);
    expect(b.peers).toEqual(['a']);
  });

  it('a node of whose name somebody makes up a later life that answers nothing is back two hellos later', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    const madeUp = {
      node: 'a',
      incarnation: incarnationOf('a', 12_345),
      epoch: a.protocol.epoch + 1000,
      version: 1,
      versions: undefined,
      kind: 'suspect',
    } as const;
    const bytes = encodeFrame(madeUp, new Uint8Array(8));
    for (const node of [a, b]) network.inject(node, a.protocol.subjects.announce('suspect'), bytes.slice());
    expect(b.peers).toEqual([]);
    network.run(6000);
    expect([a.protocol.state, b.peers, b.keys('s')]).toEqual(['ready', ['a'], ['a', 'b']]);
  });

  it('a goodbye in the name of a node that has left for good brings nothing back', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    network.leave(a);
    network.run(10);
    sayGoodbye(network, a, [b]);
    network.run(5000);
    expect([b.peers, b.keys('s')]).toEqual([[], ['b']]);
  });

  it('a node that was removed although it lives is back after its next hello', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    // A broker that says for a second that nobody is there.
    network.loses = ({ subject }) => subject.includes('.reply.') || subject.includes('.hello');
    network.freeze(a);
    network.until(() => b.peers.length === 0);
    network.loses = () => false;
    network.thaw(a);
    network.run(3000);
    expect([b.peers, b.keys('s')]).toEqual([['a'], ['a', 'b']]);
  });
});

describe('draining', () => {
  it('draining is acknowledged by every peer, visible to them, and announced to nodes that join later', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    const started = network.now;
    a.do((now) => a.protocol.drain(now));
    network.until(() => a.told.some(({ type }) => type === 'drained'));
    expect(network.now - started).toBeLessThan(20);
    expect(a.told.at(-1)).toEqual({ type: 'drained', missing: [] });
    expect(b.eventsOf('a').at(-1)).toBe('peer-draining');
    expect(b.protocol.availability(a)).toBe('draining');
    const c = network.start('c');
    network.run(100);
    expect(c.protocol.availability(a)).toBe('draining');
  });

  it('draining waits no longer than drainAckMs, and names the peers that did not acknowledge', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    network.freeze(b);
    const started = network.now;
    a.do((now) => a.protocol.drain(now));
    network.until(() => a.told.some(({ type }) => type === 'drained'));
    expect(a.told.at(-1)).toEqual({ type: 'drained', missing: ['b'] });
    expect(network.now - started).toBeLessThan(1100);
  });

  it('draining does not wait for a peer that leaves meanwhile, and ends at once without peers', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    network.loses = ({ to }) => to === 'b';
    a.do((now) => a.protocol.drain(now));
    network.run(5);
    network.leave(b);
    network.run(5);
    expect(a.told.at(-1)).toEqual({ type: 'drained', missing: [] });
    const alone = new VirtualNetwork().start('alone');
    alone.do((now) => alone.protocol.drain(now));
    expect(alone.told).toEqual([{ type: 'drained', missing: [] }]);
  });
});

describe('replicated()', () => {
  it('replicated() ends when every peer that runs the scope has applied the earlier writes', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    a.join('s', 'x');
    a.do((now) => a.protocol.stream('s').replicated(1000, now).effects);
    network.run(200);
    expect(a.told.at(-1)).toEqual({ type: 'replicated', id: 1, laggards: [], connected: true });
    expect(b.keys('s')).toContain('x');
  });

  it('replicated() names the peers that lag at its time limit', () => {
    const network = new VirtualNetwork();
    const [a, b] = pair(network);
    network.freeze(b);
    a.join('s', 'x');
    a.do((now) => a.protocol.stream('s').replicated(1000, now).effects);
    network.run(1100);
    expect(a.told.at(-1)).toMatchObject({ type: 'replicated', laggards: ['b'] });
  });
});
