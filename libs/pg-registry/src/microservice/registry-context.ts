/** @ts-ignore As a doc comment it stays in the declarations, which must compile without this optional package. */
import { BaseRpcContext } from '@nestjs/microservices';
import type { CallContext, CallHeaders } from '../calls';
import type { Pid } from '../term';

/** What `@Ctx()` gives to a handler: the pattern, the caller, its headers, and a signal that aborts when nobody waits any more. */
export class RegistryContext extends BaseRpcContext<[pattern: string, call: CallContext]> {
  /** Returns the normalised pattern of the message. Named after the method of Nest's `NatsContext`. */
  getSubject(): string {
    return this.getArgByIndex(0);
  }

  /** Returns the headers of the client's `RegistryRecord`, and the trace context if there is one. */
  getHeaders(): CallHeaders {
    return this.getArgByIndex(1).headers;
  }

  /** Returns the process that sent the message. */
  getCaller(): Pid {
    return this.getArgByIndex(1).caller;
  }

  /** Returns a signal that aborts when the caller has unsubscribed, its node is lost, or this application stops. For an event it never aborts. */
  getSignal(): AbortSignal {
    return this.getArgByIndex(1).signal;
  }
}
