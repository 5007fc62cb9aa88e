import { formatKey, type Key } from '../term';
import type { RegistryListener } from './listener';
import { LoneScope } from './scope.fixture';

function recorder(seen: string[], name = ''): RegistryListener {
  return {
    onRegister: ({ scope, key, value }) => void seen.push(`${name}+${scope}/${word(key)}:${String(value)}`),
    onUnregister: (entry) =>
      void seen.push(`${name}-${entry.scope}/${word(entry.key)}${'value' in entry ? '!' : ''}`),
  };
}

const word = (key: Key): string => formatKey(key).replaceAll("'", '');

const twice = (said: string): string[] => [said, said];

describe('a listener', () => {
  it('a listener is called for every entry that is added or removed, whatever the cause, never for updates', () => {
    const seen: string[] = [];
    const scope = new LoneScope({ listeners: [recorder(seen)] });
    const { registry, node } = scope;
    registry.register('a', 1);
    registry.updateValue('a', 2);
    registry.unregister('a');
    const process = node.processes.spawn();
    registry.join('b', process.pid, 3);
    process.exit();
    scope.remoteJoin('c', 1, 4);
    scope.remoteGone();
    expect(seen).toEqual(['+test/a:1', '-test/a', '+test/b:3', '-test/b', '+test/c:4', '-test/c']);
  });

  it('a listener gets all entries of an operation before the next listener does; one named twice gets them twice', () => {
    const seen: string[] = [];
    const [one, two] = [recorder(seen, '1'), recorder(seen, '2')];
    const { registry, node } = new LoneScope({ listeners: [one, two, one] });
    const { pid } = node.processes.root;
    registry.join('a', [pid, pid], 0);
    expect(seen).toEqual([...twice('1+test/a:0'), ...twice('2+test/a:0'), ...twice('1+test/a:0')]);
  });

  it('a listener named by a token is resolved at each delivery and skipped while nothing is provided', () => {
    const seen: string[] = [];
    const { registry, node } = new LoneScope({ listeners: ['audit'] });
    registry.register('a', 1);
    node.provided.set('audit', recorder(seen, 'old '));
    registry.register('a', 2);
    node.provided.set('audit', recorder(seen, 'new '));
    registry.register('a', 3);
    node.provided.delete('audit');
    registry.register('a', 4);
    expect(seen).toEqual(['old +test/a:2', 'new +test/a:3']);
  });

  it('a listener that throws, rejects or cannot be resolved is logged and disturbs nobody', async () => {
    const seen: string[] = [];
    const throwing = {
      onRegister: (): void => {
        throw new Error('now');
      },
      onUnregister: (): Promise<never> => Promise.reject(new Error('later')),
    };
    const { registry, node } = new LoneScope({ listeners: [throwing, 'audit', recorder(seen)] });
    node.resolveListener = () => {
      throw new Error('no container');
    };
    registry.register('a', 1);
    registry.unregister('a');
    await Promise.resolve();
    expect(seen).toEqual(['+test/a:1', '-test/a']);
    expect(node.logged).toEqual([
      "onRegister of a listener of scope 'test' failed for 'a'",
      'The listener audit could not be resolved',
      'The listener audit could not be resolved',
      "onUnregister of a listener of scope 'test' failed for 'a'",
    ]);
  });

  it('a listener runs as the process that added it', () => {
    const { registry, node } = new LoneScope();
    const { processes } = node;
    const [owner, writer] = [processes.spawn(), processes.spawn()];
    const seen: unknown[] = [];
    processes.run(owner, () => registry.addListener({ onRegister: () => void seen.push(processes.self()) }));
    processes.run(writer, () => registry.register('a'));
    expect(seen).toEqual([owner]);
  });

  it('a listener that was added is called in later runs, too, until it is removed', () => {
    const seen: string[] = [];
    const scope = new LoneScope();
    const remove = scope.registry.addListener(recorder(seen));
    scope.registry.register('a', 1);
    scope.run.stop();
    scope.start();
    scope.registry.register('a', 2);
    remove();
    scope.registry.register('a', 3);
    expect(seen).toEqual(['+test/a:1', '+test/a:2']);
  });

  it('a listener is not called when the scope stops', () => {
    const seen: string[] = [];
    const scope = new LoneScope({ listeners: [recorder(seen)] });
    scope.registry.register('a', 1);
    scope.run.stop();
    expect(seen).toEqual(['+test/a:1']);
  });
});
