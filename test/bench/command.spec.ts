import { parseCommand } from './command';

describe('the command line of the benchmarks', () => {
  it('asks for all areas and no comparison when it is empty', () => {
    expect(parseCommand([])).toMatchObject({ extent: 'full', area: '' });
    expect(parseCommand([]).compared).toBeUndefined();
  });

  it('compares in an even number of rounds, so that each side goes first equally often', () => {
    expect(parseCommand(['--against', 'HEAD~1']).rounds % 2).toBe(0);
    expect(parseCommand(['--against', 'main', '--rounds', '9', '--quick', '--area', 'reads'])).toMatchObject({
      compared: { ref: 'main', sameBenchmarks: false },
      rounds: 9,
      extent: 'quick',
      area: 'reads',
    });
  });

  it("measures a commit's library with the benchmarks of this working tree, when asked to", () => {
    expect(parseCommand(['--against', 'main', '--same-benchmarks']).compared).toEqual({
      ref: 'main',
      sameBenchmarks: true,
    });
    expect(() => parseCommand(['--same-benchmarks'])).toThrow(
      '--same-benchmarks only makes sense with --against.',
    );
  });

  it('compares the working tree with itself under other options of its nodes', () => {
    const nodes = '{"observer":false}';
    expect(parseCommand(['--against-nodes', nodes]).compared).toEqual({ nodes });
    for (const wrong of ['observer', '[]', 'null', '7', ''])
      expect(() => parseCommand([`--against-nodes=${wrong}`])).toThrow(
        `--against-nodes needs options of nodes as a JSON object, such as '{"observer":false}', not '${wrong}'.`,
      );
    expect(() => parseCommand(['--against-nodes', nodes, '--against', 'main'])).toThrow(
      '--against and --against-nodes exclude each other',
    );
  });

  it('continues an earlier comparison by as little as a round', () => {
    const args = ['--against', 'main', '--continue', '--rounds', '1'];
    expect(parseCommand([...args, '--json', 'FILE'])).toMatchObject({ continues: true, rounds: 1 });
    expect(parseCommand(['--against', 'main']).continues).toBe(false);
    expect(() => parseCommand(args)).toThrow('--continue only makes sense with --json');
  });

  it('asks for brief runs on two sides that know them', () => {
    for (const compared of [['--against-nodes', '{}'], ['--against', 'main', '--same-benchmarks'], []])
      expect(parseCommand(['--brief', ...compared]).extent).toBe('brief');
    expect(() => parseCommand(['--brief', '--against', 'main'])).toThrow(
      '--brief and --against need --same-benchmarks: those of the commit may not know it.',
    );
    expect(() => parseCommand(['--brief', '--quick'])).toThrow('--quick and --brief exclude each other.');
  });

  it('judges by 10 % unless it is told otherwise, and refuses what is no percentage', () => {
    expect(parseCommand(['--against', 'main']).within).toBe(10);
    expect(parseCommand(['--against', 'main', '--within', '2.5']).within).toBe(2.5);
    for (const wrong of ['0', '-1', '101', '5 %', ''])
      expect(() => parseCommand(['--against', 'main', `--within=${wrong}`])).toThrow(
        `--within needs a number of percent above 0 and up to 100, not '${wrong}'.`,
      );
  });

  it.each(['0', '2', '-3', '3.5', 'many', ''])('refuses --rounds=%s and says what is allowed', (rounds) => {
    expect(() => parseCommand(['--against', 'main', `--rounds=${rounds}`])).toThrow(
      `--rounds needs a whole number of at least 3, not '${rounds}'.\nUsage: npm run bench -- `,
    );
  });

  it('refuses what does not go together', () => {
    for (const [name, ...value] of [
      ['rounds', '5'],
      ['within', '5'],
      ['continue', '--json', 'FILE'],
    ])
      expect(() => parseCommand([`--${name}`, ...value])).toThrow(
        `--${name} only makes sense with --against or --against-nodes.`,
      );
    expect(() => parseCommand(['--against', 'main', '--profile', 'profiles'])).toThrow(
      '--profile and --against exclude each other',
    );
  });

  it('takes a file of figures of other systems, and only for a run whose times mean something', () => {
    expect(parseCommand(['--anchor', 'anchor.json', '--area', 'reads']).anchor).toBe('anchor.json');
    for (const other of [['--quick'], ['--brief'], ['--profile', 'profiles'], ['--against', 'main']])
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
