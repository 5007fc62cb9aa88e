import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { eventually } from '../../support/eventually';
import { NodeProcess } from '../../support/node-process';

describe('NodeProcess', () => {
  let child: NodeProcess;
  beforeAll(async () => {
    child = await NodeProcess.start('e2e/support/probe.fixture.ts', { args: ['one', 'two'] });
  });
  afterAll(() => child[Symbol.asyncDispose]());

  test('a NodeProcess runs TypeScript with the library and with the decorators that Nest needs', async () => {
    await expect(child.ask('library')).resolves.toEqual(['object', 'local']);
    await expect(child.ask('injected')).resolves.toBe(true);
    await expect(child.ask('args')).resolves.toEqual(['one', 'two']);
  });

  test('a NodeProcess answers commands with all kinds of values', async () => {
    const value = { map: new Map([[1n, new Set(['a'])]]), bytes: new Uint8Array([1, 2]), none: undefined };
    await expect(Promise.all([child.ask('add', 1, 2), child.ask('echo', value)])).resolves.toEqual([
      3,
      value,
    ]);
  });

  test('a NodeProcess passes on the error that a command throws', async () => {
    await expect(child.ask('fail')).rejects.toMatchObject({
      name: 'TypeError',
      message: 'as asked',
      code: 'ASKED',
    });
    await expect(child.ask('unknown')).rejects.toThrow("no command 'unknown'");
  });

  test('a NodeProcess answers nothing while it is stopped, and every command afterwards', async () => {
    child.kill('SIGSTOP');
    let answered = false;
    const answer = child.ask('add', 2, 2).finally(() => (answered = true));
    await eventually(() => expect(stateOf(child.pid)).toBe('T'));
    expect(answered).toBe(false);
    child.kill('SIGCONT');
    await expect(answer).resolves.toBe(4);
  });

  test('a command fails when its NodeProcess is killed', async () => {
    const victim = await NodeProcess.start('e2e/support/probe.fixture.ts');
    const waiting = victim.ask('never').catch(String);
    victim.kill('SIGKILL');
    await expect(victim.exited).resolves.toEqual({ code: null, signal: 'SIGKILL' });
    await expect(waiting).resolves.toContain('ended (SIGKILL)');
  });

  test('a NodeProcess whose fixture cannot be loaded fails with its output', async () => {
    await expect(NodeProcess.start('e2e/support/missing.fixture.ts')).rejects.toThrow(
      /did not start[^]*Cannot find module/,
    );
  });

  test('a NodeProcess ends with the process that started it, even by SIGKILL and while it is stopped', async () => {
    const parent = await NodeProcess.start('e2e/support/parent.fixture.ts');
    const grandchild = Number(await parent.ask('start'));
    process.kill(grandchild, 'SIGSTOP');
    await eventually(() => expect(stateOf(grandchild)).toBe('T'));
    parent.kill('SIGKILL');
    await parent.exited;
    await eventually(() => expect(stateOf(grandchild)).toMatch(/^Z?$/));
  });
});

/** Returns the letter of a process's state: T is stopped, Z is a zombie, '' is no such process. */
function stateOf(pid: number): string {
  if (!existsSync('/proc/self/stat')) {
    return spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
      .stdout.trim()
      .slice(0, 1);
  }
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}
