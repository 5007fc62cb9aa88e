import { parseCommand } from './command';

describe('the command line of the benchmarks', () => {
  it('asks for all areas and no comparison when it is empty', () => {
    expect(parseCommand([])).toMatchObject({ quick: false, area: '' });
    expect(parseCommand([]).against).toBeUndefined();
  });

  it('compares in an even number of rounds, so that each side goes first equally often', () => {
    expect(parseCommand(['--against', 'HEAD~1']).rounds % 2).toBe(0);
    expect(parseCommand(['--against', 'main', '--rounds', '9', '--quick', '--area', 'reads'])).toMatchObject({
      against: 'main',
      rounds: 9,
      quick: true,
      area: 'reads',
    });
  });

  it.each(['0', '2', '-3', '3.5', 'many', ''])('refuses --rounds=%s and says what is allowed', (rounds) => {
    expect(() => parseCommand(['--against', 'main', `--rounds=${rounds}`])).toThrow(
      `--rounds needs a whole number of at least 3, not '${rounds}'.\nUsage: npm run bench -- `,
    );
  });

  it('refuses what does not go together', () => {
    expect(() => parseCommand(['--rounds', '5'])).toThrow('--rounds only makes sense with --against.');
    expect(() => parseCommand(['--against', 'main', '--profile', 'profiles'])).toThrow(
      '--profile and --against exclude each other',
    );
  });

  it('takes a file of figures of other systems, and only for a run whose times mean something', () => {
    expect(parseCommand(['--anchor', 'anchor.json', '--area', 'reads']).anchor).toBe('anchor.json');
    for (const other of [['--quick'], ['--profile', 'profiles'], ['--against', 'main']])
      expect(() => parseCommand(['--anchor', 'anchor.json', ...other])).toThrow(
        `--anchor and ${other[0]} exclude each other`,
      );
    expect(() => parseCommand(['--anchor', ''])).toThrow('--anchor needs a file of figures.');
  });

  it('refuses what is unknown or incomplete, and says how it is used', () => {
    for (const args of [['--agains', 'main'], ['main'], ['--against'], ['--against', ' ']])
      expect(() => parseCommand(args)).toThrow('Usage: npm run bench -- ');
  });
});
