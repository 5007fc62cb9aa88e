import { Display } from './display';

function shown(isTTY: boolean, noColor?: string): string {
  let text = '';
  const output = { isTTY, write: (more: string) => ((text += more), true) };
  const display = new Display(output, { silent: false, noColor });
  display.membership({ type: 'join', node: 'worker-1', members: 1 });
  display.membership({ type: 'leave', node: 'worker-1', members: 0 });
  return text;
}

describe('the display of the demo', () => {
  test('the demo colours who comes and goes on a terminal only, and not with NO_COLOR', () => {
    const [green, red] = ['\u001b[32m', '\u001b[31m'];
    expect(shown(true)).toContain(`${green}+ worker-1 (1 worker)`);
    expect(shown(true)).toContain(`${red}- worker-1 (0 workers)`);
    expect(shown(true, '1')).not.toContain(green);
    expect(shown(true, '')).toContain(green);
    expect(shown(false)).toBe('+ worker-1 (1 worker)\n- worker-1 (0 workers)\n');
  });
});
