import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkPackages, type Lock, samePackages } from './packages';

const LOCK: Lock = {
  packages: {
    '': { version: '1.0.0' },
    'libs/own': { version: '1.0.0' },
    'node_modules/own': { resolved: 'libs/own', link: true },
    'node_modules/nats': { version: '2.29.3', integrity: 'sha512-a' },
  },
};

function locked(packages: Lock['packages']): Lock {
  return { packages: { ...LOCK.packages, ...packages } };
}

describe('the packages of two commits', () => {
  it('are the same when only their own versions and folders differ', () => {
    const moved = locked({
      '': { version: '2.0.0' },
      'node_modules/own': { resolved: 'packages/own', link: true },
    });
    expect(samePackages(LOCK, moved)).toBe(true);
  });

  it('differ by a version, by a content, and by one more or less', () => {
    const others = [
      locked({ 'node_modules/nats': { version: '2.29.4', integrity: 'sha512-a' } }),
      locked({ 'node_modules/nats': { version: '2.29.3', integrity: 'sha512-b' } }),
      locked({ 'node_modules/rxjs': { version: '7.8.2', integrity: 'sha512-c' } }),
    ];
    for (const other of others) {
      expect(samePackages(LOCK, other)).toBe(false);
      expect(samePackages(other, LOCK)).toBe(false);
    }
  });

  it("are shared by links, but for the project's own workspaces and hidden files", () => {
    const folder = mkdtempSync(join(tmpdir(), 'pg-registry-packages-'));
    try {
      const [from, to] = [join(folder, 'from'), join(folder, 'to')];
      for (const path of ['nats', '.bin', '.cache', 'own'])
        mkdirSync(join(from, 'node_modules', path), { recursive: true });
      mkdirSync(join(to, 'libs', 'own'), { recursive: true });
      writeFileSync(join(to, 'libs', 'own', 'name'), 'of the project itself');
      writeFileSync(join(to, 'package-lock.json'), JSON.stringify(LOCK));
      linkPackages(from, to);
      expect(readlinkSync(join(to, 'node_modules', 'nats'))).toBe(join(from, 'node_modules', 'nats'));
      expect(readlinkSync(join(to, 'node_modules', '.bin'))).toBe(join(from, 'node_modules', '.bin'));
      expect(readFileSync(join(to, 'node_modules', 'own', 'name'), 'utf8')).toBe('of the project itself');
      expect(() => readlinkSync(join(to, 'node_modules', '.cache'))).toThrow('ENOENT');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
