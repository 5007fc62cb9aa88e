import * as fc from 'fast-check';
import { Writer } from '../wire/codec';
import { encodeFrame, MAX_EPOCH, type Sender, writeIncarnation } from '../wire/frame';
import { FRAME_KINDS, type FrameKind } from '../wire/frame-kinds';
import { encodeHello } from '../cluster/hello';
import { incarnationOf } from '../wire/incarnation';
import { Subjects } from '../wire/subject';
import { VirtualNetwork, type VirtualNode } from './virtual-network.fixture';

const EMPTY_HELLO = {
  beat: 1,
  discover: false,
  draining: false,
  serverId: '',
  revision: 0,
  since: undefined,
  page: 0,
  pages: 1,
  running: [],
  stopped: [],
};

function frame(kind: FrameKind, sender: Sender, body?: Uint8Array): Uint8Array {
  const versions = kind === 'hello' || kind === 'discover' ? { min: 1, max: 1 } : undefined;
  return encodeFrame({ ...sender, version: 1, kind, versions }, body);
}

const stranger = (node: string, epoch = 5): Sender => ({
  node,
  incarnation: incarnationOf(node, 0xe),
  epoch,
});

const identityOf = ({ name, incarnation, protocol }: VirtualNode): Sender => ({
  node: name,
  incarnation,
  epoch: protocol.epoch,
});

function staleBody(incarnation: string, epoch: number): Uint8Array {
  const writer = new Writer();
  writeIncarnation(writer, incarnation);
  writer.uint(epoch);
  return writer.finish();
}

describe('a frame that does not belong', () => {
  it('a frame whose sender is not who the subject says is refused, with one warning per interval', () => {
    const network = new VirtualNetwork();
    const [a, b, c] = network.startCluster(3);
    for (let count = 0; count < 50; count += 1) {
      network.inject(a, c.protocol.subjects.announce('goodbye'), frame('goodbye', identityOf(b)));
    }
    network.run(1000);
    expect(a.peers).toEqual(['n1', 'n2']);
    expect(a.warnings()).toEqual(['forged-frame']);
    expect(a.protocol.stats().counters['forged-frame']).toBe(50);
  });

  it.each([
    ['of another kind than its subject', 'suspect', 'goodbye'],
    ['of a kind that nobody announces', 'call', 'call'],
  ] as const)('a frame is refused when it is %s', (_what, said, kind) => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    network.inject(a, `pgr.test.from.n1.${said}`, frame(kind, identityOf(b)));
    expect(a.peers).toEqual(['n1']);
  });

  it('a frame of the node itself is dropped, and a frame of another node with its incarnation is refused', () => {
    const network = new VirtualNetwork();
    const [a] = network.startCluster(2);
    const before = a.protocol.stats().counters['own-frames'] ?? 0;
    network.inject(a, a.protocol.subjects.announce('suspect'), frame('suspect', identityOf(a)));
    expect(a.protocol.stats().counters['own-frames']).toBe(before + 1);
    const thief = { ...identityOf(a), node: 'thief' };
    network.inject(
      a,
      new Subjects('test', 'thief').announce('hello'),
      frame('hello', thief, encodeHello(EMPTY_HELLO)),
    );
    expect(a.peers).toEqual(['n1']);
    expect(a.warnings()).toEqual(['forged-frame']);
  });

  it("a frame under the sender's own name with the incarnation of another node is refused", () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    const thief = { ...identityOf(b), node: 'thief' };
    const subjects = new Subjects('test', 'thief');
    network.inject(
      a,
      subjects.announce('hello'),
      frame('hello', thief, encodeHello({ ...EMPTY_HELLO, beat: 1000 })),
    );
    expect([a.peers, a.keys('s')]).toEqual([['n1'], ['n0', 'n1']]);
    network.inject(a, subjects.announce('goodbye'), frame('goodbye', thief));
    expect([a.peers, a.keys('s')]).toEqual([['n1'], ['n0', 'n1']]);
    const newcomer = network.start('newcomer');
    network.inject(newcomer, subjects.announce('hello'), frame('hello', thief, encodeHello(EMPTY_HELLO)));
    network.run(1000);
    expect(newcomer.peers).toEqual(['n0', 'n1']);
    expect(a.protocol.stats().counters['forged-frame']).toBe(2);
  });

  it('a frame cannot make a node send an answer to a third party', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    const said = a.sent.length;
    const victims = [
      'pgr.test.reply.n0.n1.x',
      'pgr.test.reply.victim.n0.x',
      'pgr.test.from.n0.goodbye',
      'pgr.test.to.n1.call.n0',
      '',
    ];
    for (const reply of victims) network.inject(a, 'pgr.test.alive.n0', frame('alive', identityOf(b)), reply);
    for (const reply of victims.filter((one) => one !== '')) {
      network.inject(a, 'pgr.test.to.n0.call.n1', frame('call', identityOf(b)), reply);
    }
    expect(a.sent).toHaveLength(said);
    expect(a.delivered).toEqual([]);
    network.inject(a, 'pgr.test.to.n0.call.n1', frame('call', identityOf(b)), 'pgr.test.reply.n1.n0.x');
    expect(a.delivered).toMatchObject([{ kind: 'call', from: identityOf(b) }]);
  });
});

describe('a name', () => {
  it.each(['__proto__', 'constructor', 'a.b > *', 'ünï'])('a node may have the name %s', (name) => {
    const network = new VirtualNetwork();
    const [a] = network.startCluster(1);
    const odd = network.start(name);
    odd.startScope('s');
    odd.startScope('__proto__');
    a.startScope('__proto__');
    odd.join('__proto__', 'x');
    network.run(1000);
    expect([a.peers, odd.peers, a.keys('__proto__')]).toEqual([[name], ['n0'], ['x']]);
    network.kill(odd);
    network.run(5000);
    expect([a.peers, a.keys('__proto__')]).toEqual([[], []]);
  });
});

describe('a flood', () => {
  it('a flood of made-up nodes fills neither the peers nor the remembered names, and its nodes are gone soon', () => {
    const network = new VirtualNetwork();
    const a = network.start({ name: 'a', options: { maxPeers: 20, maxTombstones: 30 } });
    network.run(1000);
    for (let count = 0; count < 500; count += 1) {
      const sender = stranger(`made-up-${count}`);
      const subjects = new Subjects('test', sender.node);
      network.inject(a, subjects.announce('hello'), frame('hello', sender, encodeHello(EMPTY_HELLO)));
      network.inject(a, subjects.to('a', 'discover'), frame('discover', sender));
    }
    expect(a.peers).toHaveLength(20);
    expect(a.protocol.stats().tombstones).toBeLessThanOrEqual(50);
    expect(a.events.filter(({ type }) => type === 'peer-rejected').length).toBeLessThanOrEqual(30);
    network.run(30_000);
    expect(a.peers).toEqual([]);
  });

  it('a flood of watches by incarnations that never say hello is not delivered', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    const watches = (): number => a.delivered.filter(({ kind }) => kind === 'watch').length;
    for (let life = 1; life <= 100; life += 1) {
      const sender = { node: 'thief', incarnation: incarnationOf('thief', life), epoch: life };
      network.inject(a, new Subjects('test', 'thief').to('n0', 'watch'), frame('watch', sender));
    }
    expect(watches()).toBe(0);
    expect(a.protocol.stats().counters['from-strangers']).toBe(100);
    network.inject(a, b.protocol.subjects.to('n0', 'watch'), frame('watch', identityOf(b)));
    expect(watches()).toBe(1);
  });

  it('a flood of suspicions or questions costs a few probes and answers per second', () => {
    const network = new VirtualNetwork();
    const [a, b, c] = network.startCluster(3);
    const probes = a.protocol.stats().counters['probes'];
    const said = a.sent.length;
    const suspicion = Buffer.from(c.incarnation, 'hex');
    for (let count = 0; count < 1000; count += 1) {
      network.inject(a, b.protocol.subjects.announce('suspect'), frame('suspect', identityOf(b), suspicion));
      network.inject(a, b.protocol.subjects.to('n0', 'discover'), frame('discover', identityOf(b)));
      network.run(1);
    }
    expect(a.protocol.stats().counters['probes'] - probes).toBeLessThan(20);
    expect(a.sent.length - said).toBeLessThan(60);
    expect(a.removals()).toEqual([]);
  });
});

describe('an epoch', () => {
  it('a false epoch in a stale frame does not fence a node, and raises its epoch no further than necessary', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    const stale = b.protocol.subjects.to('n0', 'stale');
    network.inject(a, stale, frame('stale', identityOf(b), staleBody(a.incarnation, MAX_EPOCH)));
    network.inject(a, stale, frame('stale', identityOf(b), staleBody('0'.repeat(16), 9_000_000)));
    network.run(5000);
    expect(a.protocol.epoch).toBeLessThan(9_000_000);
    network.inject(a, stale, frame('stale', identityOf(b), staleBody(a.incarnation, 9_000_000)));
    network.run(5000);
    expect([a.protocol.state, a.protocol.epoch]).toEqual(['ready', 9_000_001]);
    expect([a.peers, b.peers]).toEqual([['n1'], ['n0']]);
  });

  it('a flood of frames of an earlier life is answered with one stale a second', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    const earlier = { node: b.name, incarnation: incarnationOf(b.name, 0xe), epoch: 1 };
    const stales = (): number => a.sent.filter((sent) => sent.includes('stale')).length;
    for (let ms = 0; ms < 2000; ms += 1) {
      network.inject(
        a,
        b.protocol.subjects.announce('suspect'),
        frame('suspect', earlier, Buffer.from(a.incarnation, 'hex')),
      );
      network.run(1);
    }
    expect(a.protocol.stats().counters['stale-senders']).toBe(2000);
    expect([2, 3]).toContain(stales());
  });

  it("false epochs cannot raise a node's epoch so high that its next incarnation is shut out", () => {
    const network = new VirtualNetwork();
    const [first, b] = network.startCluster(2);
    const stale = b.protocol.subjects.to('n0', 'stale');
    let life = first;
    for (let lives = 0; lives < 3; lives += 1) {
      for (const epoch of [MAX_EPOCH - 1, MAX_EPOCH - 2, 2 ** 50, 2 ** 44, life.protocol.epoch + 1e12]) {
        network.inject(life, stale, frame('stale', identityOf(b), staleBody(life.incarnation, epoch)));
        network.run(3000);
      }
      network.kill(life);
      life = network.start('n0');
      network.run(10_000);
      expect([life.protocol.state, life.peers, b.peers]).toEqual(['ready', ['n1'], ['n0']]);
    }
  });

  it('an epoch in a probe, whose subject proves no sender, removes nobody and fences nobody', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    for (const node of ['n0', 'n1']) {
      const forged = frame('alive', stranger(node, MAX_EPOCH));
      network.inject(a, 'pgr.test.alive.n0', forged, `pgr.test.reply.${node}.n0.x`);
    }
    network.run(1000);
    expect([a.protocol.state, a.peers, b.peers]).toEqual(['ready', ['n1'], ['n0']]);
  });
});

describe('random bytes, and real frames mutated', () => {
  it('random bytes and mutated frames never make a node throw or change entries of others, and the cluster heals', () => {
    const mutation = fc.record({ frame: fc.nat(), place: fc.nat(), byte: fc.nat(255), cut: fc.boolean() });
    const mutations = fc.array(mutation, { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(mutations, fc.nat(), (steps, seed) => {
        const network = new VirtualNetwork(seed);
        const frames: { subject: string; bytes: Uint8Array }[] = [];
        network.onPublish = ({ from, subject, bytes }) => {
          if (from.name === 'n1') frames.push({ subject, bytes });
        };
        const [a, b, c] = network.startCluster(3, 1000);
        for (const step of steps) {
          const { subject, bytes } = frames[step.frame % frames.length];
          const mutated = Uint8Array.from(step.cut ? bytes.subarray(0, step.place % bytes.length) : bytes);
          if (!step.cut) mutated[step.place % bytes.length] = step.byte;
          network.inject(a, subject, mutated);
          expect(a.keys('s')).toEqual(expect.arrayContaining(['n0', 'n2']));
        }
        network.run(40_000);
        expect(a.protocol.peer(c.incarnation)?.suspect).toBe(false);
        expect([a.keys('s'), c.keys('s')]).toEqual([
          expect.arrayContaining(['n0', 'n2']),
          ['n0', 'n1', 'n2'],
        ]);
        expect(b.protocol.state).toBe('ready');
      }),
      { numRuns: 8 },
    );
  });

  it('random bytes on any subject are counted and dropped', () => {
    const network = new VirtualNetwork();
    const [a, b] = network.startCluster(2);
    const kinds = fc.constantFrom(...FRAME_KINDS);
    fc.assert(
      fc.property(
        kinds,
        fc.uint8Array({ maxLength: 60 }),
        fc.string(),
        fc.boolean(),
        (kind, body, subject, enveloped) => {
          const bytes = enveloped && kind !== 'goodbye' ? frame(kind, identityOf(b), body) : body;
          network.inject(a, subject, bytes);
          network.inject(a, b.protocol.subjects.to('n0', kind), bytes);
          network.inject(a, b.protocol.subjects.announce(kind), bytes);
          network.inject(a, b.protocol.subjects.ops('s'), bytes);
          expect(a.keys('s')).toContain('n0');
        },
      ),
    );
    const reasons = a.warnings();
    expect(reasons).toHaveLength(new Set(reasons).size);
  });
});
