import type { CallContext as Context } from '../../calls';
import { InvalidArgumentError } from '../../term';
import { describeContext } from './handler-parameters';

/** What a handler knows of the call beside the payload. Also the name of the decorator that asks for it. */
// One name for both, so that a handler writes `@CallContext() context: CallContext` with one import.
// oxlint-disable-next-line typescript/no-empty-object-type
export interface CallContext extends Context {}

/**
 * Gives a parameter of a handler the context of the call: the caller, its headers, a signal. The second parameter gets it without a
 * decorator, so this one is for other places: `@HandleCall() open(@CallContext() { caller }: CallContext, @Payload('id') id: string)`.
 *
 * @throws InvalidArgumentError on a parameter of a constructor.
 */
export function CallContext(): ParameterDecorator {
  return (target, method, index) => {
    if (method === undefined) {
      throw new InvalidArgumentError(
        '@CallContext() must be on a parameter of a method, not of a constructor.',
      );
    }
    describeContext(target, method, index);
  };
}
