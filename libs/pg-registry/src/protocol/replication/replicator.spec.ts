import { TestMesh } from './replication.fixture';

describe('two Replicators', () => {
  it('replicate joins, updates and leaves with one event each', () => {
    const mesh = new TestMesh(['a', 'b']);
    const [a, b] = mesh.nodes as [TestMesh['nodes'][0], TestMesh['nodes'][0]];
    mesh.announceAll();
    mesh.advance(10);
    a.join('k', 1);
    a.update('k', 2);
    a.join('k', 3, 2, 3);
    a.leave('k');
    mesh.advance(10);
    expect(b.events()).toEqual(['peer join k 1', 'peer update k 2', 'peer join k 3,3', 'peer leave k 2']);
    expect(mesh.difference()).toBeUndefined();
  });
});
