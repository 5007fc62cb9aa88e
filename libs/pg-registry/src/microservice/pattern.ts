import { InvalidArgumentError } from '../term';

/**
 * Refuses patterns that could not work: keys are literal, so a NATS wildcard would never match anything.
 *
 * @param pattern As Nest has normalised it.
 * @throws InvalidArgumentError naming the pattern and the remedy.
 */
export function checkPattern(pattern: unknown): void {
  if (typeof pattern !== 'string' || pattern === '')
    throw new InvalidArgumentError(
      `A pattern is a string that is not empty, a number or an object, not ${String(pattern)}. No handler was offered.`,
    );
  const tokens = pattern.split('.');
  if (!tokens.includes('*') && tokens.at(-1) !== '>') return;
  throw new InvalidArgumentError(
    `The pattern '${pattern}' has a NATS wildcard. The registry addresses handlers by literal keys: give each pattern a ` +
      'handler of its own, as in @EventPattern([…]), or leave this one to Transport.NATS. No handler was offered.',
  );
}
