import { InvalidOptionError } from './errors';
import { describeValue } from './describe-value';
import { OptionChecks } from './options';

const checks: OptionChecks = new OptionChecks('Nothing was started.');
const ofCall: OptionChecks = new OptionChecks('Nothing was sent.', 'a call');

function errorOf(check: () => void): unknown {
  try {
    check();
  } catch (error) {
    if (error instanceof InvalidOptionError) return [error.option, error.message];
    throw error;
  }
  return 'passed';
}

it.each<[string, () => void, string, string]>([
  [
    'whole number',
    () => checks.wholeNumber('drainMs', 0, 1),
    'drainMs',
    "Option 'drainMs' must be a whole number ≥ 1 (got 0). Nothing was started.",
  ],
  [
    'whole number with an upper limit',
    () => checks.wholeNumber('depth', '9', 0, 8),
    'depth',
    "Option 'depth' must be a whole number from 0 to 8 (got '9'). Nothing was started.",
  ],
  [
    'boolean',
    () => checks.boolean('stacks', 1),
    'stacks',
    "Option 'stacks' must be true or false (got 1). Nothing was started.",
  ],
  [
    'name',
    () => checks.name('node', ''),
    'node',
    "Option 'node' must be a string of 1 to 128 bytes without lone surrogates (got ''). Nothing was started.",
  ],
  [
    'choice',
    () => checks.oneOf('keys', null, ['duplicate', 'unique']),
    'keys',
    "Option 'keys' must be 'duplicate' or 'unique' (got null). Nothing was started.",
  ],
  [
    'list',
    () => checks.list('scopes', {}, 'a list of names'),
    'scopes',
    "Option 'scopes' must be a list of names (got an object). Nothing was started.",
  ],
  [
    'signal',
    () => ofCall.signal('signal', () => 1),
    'signal',
    "Option 'signal' of a call must be an AbortSignal (got a function). Nothing was sent.",
  ],
  [
    'unknown option',
    () => ofCall.names({ timeoutMs: 1, timeout: 2 }, ['timeoutMs', 'signal']),
    'timeout',
    "Unknown option 'timeout' of a call. Valid options are timeoutMs, signal. Nothing was sent.",
  ],
  [
    'something else than options',
    () => ofCall.names([5000], ['timeoutMs']),
    'options',
    'The options of a call must be an object (got an array). Nothing was sent.',
  ],
])(
  'a refused %s is reported with what is allowed, what was got and what happened',
  (_, check, option, message) => {
    expect(errorOf(check)).toEqual([option, message]);
  },
);

it('lets every valid option pass', () => {
  const valid = (): void => {
    checks.wholeNumber('drainMs', 1, 1);
    checks.wholeNumber('depth', 8, 0, 8);
    checks.boolean('stacks', false);
    checks.name('node', 'n'.repeat(128));
    checks.oneOf('keys', 'unique', ['duplicate', 'unique']);
    checks.list('scopes', [], 'a list of names');
    checks.signal('signal', undefined);
    checks.signal('signal', new AbortController().signal);
    checks.names({ timeoutMs: 1 }, ['timeoutMs']);
  };
  expect(errorOf(valid)).toBe('passed');
});

it.each([1.5, NaN, Infinity, -1, 2 ** 53, '1', null, undefined, 1n])(
  'refuses %p as a whole number',
  (value) => {
    expect(errorOf(() => checks.wholeNumber('n', value, 0))).not.toBe('passed');
  },
);

it.each(['', 'n'.repeat(129), 'ü'.repeat(65), '\ud800', 7])('refuses %p as a name', (value) => {
  expect(errorOf(() => checks.name('node', value))).not.toBe('passed');
});

it('describes a long string by its first 40 characters', () => {
  expect(describeValue('x'.repeat(99))).toBe(`'${'x'.repeat(40)}'`);
});
