import { BaseRpcContext } from '@nestjs/microservices';
import type { CallContext, CallHeaders } from '../calls';
import type { Pid } from '../term';

/** What `@Ctx()` gives to a handler: who asks, with which headers, and whether anybody still waits. */
export class RegistryContext extends BaseRpcContext<[pattern: string, call: CallContext]> {
  /** The normalised pattern that was sent. The name is that of Nest's `NatsContext`. */
  getSubject(): string {
    return this.getArgByIndex(0);
  }

  /** What the client gave beside the payload in a `RegistryRecord`, and the trace context if there is one. */
  getHeaders(): CallHeaders {
    return this.getArgByIndex(1).headers;
  }

  /** The process that asks. */
  getCaller(): Pid {
    return this.getArgByIndex(1).caller;
  }

  /** Aborts when the caller unsubscribed, its node was lost, or this application stops. Of an event it never aborts. */
  getSignal(): AbortSignal {
    return this.getArgByIndex(1).signal;
  }
}
