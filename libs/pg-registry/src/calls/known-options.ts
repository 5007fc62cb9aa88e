import { InvalidOptionError } from '../term';

/**
 * Refuses options that nobody reads: a misspelt one would silently be the default.
 *
 * @param of What the options are of, with what happened to it: `'a call; nothing was sent'`.
 * @throws InvalidOptionError naming the unknown option and the valid ones.
 */
export function refuseUnknownOptions(options: unknown, valid: readonly string[], of: string): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError(`The options of ${of}, are an object.`, { option: 'options' });
  // for…in instead of Object.keys: it makes no list, and calls come through here.
  for (const option in options) {
    if (valid.includes(option)) continue;
    throw new InvalidOptionError(`Unknown option '${option}' of ${of}. Valid are ${valid.join(', ')}.`, {
      option,
    });
  }
}
