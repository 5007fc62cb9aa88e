import { tmpdir } from 'node:os';
import { runProgram } from './program';

const cwd = tmpdir();

function run(script: string, signal = new AbortController().signal): Promise<string> {
  return runProgram('sh', ['-c', script], { cwd, env: { GREETING: 'hello' }, signal });
}

describe('a program that is run', () => {
  it('gives what it wrote to stdout, and gets the environment', async () => {
    await expect(run('echo $GREETING; echo aside >&2')).resolves.toBe('hello\n');
  });

  it('fails with its status and the last lines of all that it wrote', async () => {
    const script = 'for i in $(seq 30); do echo line $i; done; echo why >&2; exit 3';
    const failure = (await run(script).catch((error: unknown) => error)) as Error;
    expect(failure.message).toContain('ended with status 3:\n');
    expect(failure.message).toContain('line 30');
    expect(failure.message).toContain('why');
    expect(failure.message).not.toContain('line 5\n');
  });

  it('fails with the signal that ended it', async () => {
    await expect(run('kill -TERM $$')).rejects.toThrow('ended with SIGTERM');
  });

  it('says so if it cannot be started', async () => {
    const options = { cwd, signal: new AbortController().signal };
    await expect(runProgram('no-such-program', [], options)).rejects.toThrow(
      'no-such-program cannot be started: spawn no-such-program ENOENT',
    );
  });

  it('ends the processes that it leaves behind, which would keep its output open', async () => {
    await expect(run('sleep 600 & echo started')).resolves.toBe('started\n');
  });

  it('is killed by the signal, and rejects with its reason', async () => {
    const controller = new AbortController();
    const running = run('sleep 600 & sleep 600', controller.signal);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await expect(run('echo', controller.signal)).rejects.toThrow('enough');
  });
});
