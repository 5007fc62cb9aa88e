import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/code-blocks';
import { NatsServer } from '../../support/nats-server';
import { shellLines, WalkThrough, writeFiles } from '../../support/walk-through';

jest.setTimeout(120_000);

test('the two processes of the getting-started page call each other by name, and one survives the kill -9 of the other', async () => {
  const lines = shellLines();
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const application = mkdtempSync(join(cache, 'getting-started-'));
  const server = await NatsServer.start();
  try {
    writeFiles(application);
    const register = join(ROOT, 'test', 'support', 'register.cjs');
    const walk = new WalkThrough(['-r', register, join(application, 'src', 'main.ts')], server.url);
    // npm run test:pack covers the earlier steps, `nest new` and the build.
    await expect(walk.follow(lines.slice(lines.indexOf('npm run build') + 1))).resolves.toBeUndefined();
  } finally {
    await server[Symbol.asyncDispose]();
    rmSync(application, { recursive: true, force: true });
  }
});
