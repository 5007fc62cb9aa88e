import { VirtualNetwork } from './virtual-network.fixture';

describe('meeting', () => {
  it('makes peers of all nodes within a few milliseconds', () => {
    const network = new VirtualNetwork();
    const nodes = ['a', 'b', 'c'].map((name) => network.start(name));
    network.run(50);
    expect(nodes.map(({ peers }) => peers)).toEqual([
      ['b', 'c'],
      ['a', 'c'],
      ['a', 'b'],
    ]);
  });

  it('shares the entries of a scope that started before the connection, and of one that started later', () => {
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
});
