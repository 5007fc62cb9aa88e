import * as term from '.';

const pid = new term.Pid('orders-1', '0123456789abcdef', 42);
const made: [term.PgRegistryError, term.PgRegistryErrorCode][] = [
  [new term.AlreadyRegisteredError('m', { pid }), 'ALREADY_REGISTERED'],
  [new term.NotRegisteredError('m'), 'NOT_REGISTERED'],
  [new term.NotLocalError('m', { pid }), 'NOT_LOCAL'],
  [new term.InvalidArgumentError('m'), 'INVALID_ARGUMENT'],
  [new term.InvalidOptionError('m', { option: 'keys' }), 'INVALID_OPTION'],
  [new term.InvalidValueError('m'), 'INVALID_VALUE'],
  [new term.ValueTooLargeError('m'), 'VALUE_TOO_LARGE'],
  [new term.ProcessExitedError('m', { pid, reason: 'normal' }), 'PROCESS_EXITED'],
  [new term.UniqueKeysRequiredError('m'), 'UNIQUE_KEYS_REQUIRED'],
  [new term.ScopeNotRunningError('m'), 'SCOPE_NOT_RUNNING'],
  [new term.ScopeAlreadyStartedError('m', { running: {} }), 'SCOPE_ALREADY_STARTED'],
  [new term.MailboxFullError('m'), 'MAILBOX_FULL'],
  [new term.LockTimeoutError('m'), 'LOCK_TIMEOUT'],
  [new term.CallTimeoutError('m'), 'CALL_TIMEOUT'],
  [new term.NodeDownError('m'), 'NODE_DOWN'],
  [new term.NoHandlerError('m'), 'NO_HANDLER'],
  [new term.RemoteError('m', { remote: { name: 'TypeError', code: undefined, message: 'm' } }), 'REMOTE'],
  [new term.TransportError('m'), 'TRANSPORT'],
];

test.each(made)('%s carries its code and the name of its class', (error, code) => {
  expect(error).toBeInstanceOf(term.PgRegistryError);
  expect(error.code).toBe(code);
  expect(error.stack).toMatch(new RegExp(`^${error.constructor.name}: m\n`));
});

test('an error keeps what caused it', () => {
  const cause = new Error('socket');
  expect(new term.TransportError('m', { cause }).cause).toBe(cause);
  expect('cause' in new term.TransportError('m')).toBe(false);
});
