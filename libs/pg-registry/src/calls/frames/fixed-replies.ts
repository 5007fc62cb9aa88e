import type { Reply } from './call-frames';

/** To a node that asks again about a call that is not here. */
export const LOST = failure(
  'TransportError',
  'TRANSPORT',
  'The answer was lost on its way, or the call was. The call may have been executed.',
  true,
);
/** To a call with a value that this node does not accept. */
export const UNREADABLE = failure(
  'ValueTooLargeError',
  'VALUE_TOO_LARGE',
  'The payload is no value that its receiver accepts.',
  false,
);

/** What is replied to what anybody may send by the thousand. No error is made for each: its stack would cost more than all the rest. */
function failure(name: string, code: string, message: string, executed: boolean): Reply {
  return { type: 'error', executed, error: { ownClass: true, name, code, message, fields: {}, stack: '' } };
}
