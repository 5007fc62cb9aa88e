/** What a node tells tools about itself as a service: who it is. */
export interface ServiceDescription {
  /** Which life of which node. */
  readonly id: string;
  /** In the form of semantic versions. */
  readonly version: string;
  /** In a sentence. */
  readonly description: string;
  /** When the node started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** What else may be worth knowing. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the node takes calls, for people. */
  readonly subject: string;
}

/** A handler of a node, and how often it has run since somebody looks. */
export interface ServiceEndpoint {
  /** The class or label of its process, and its name. */
  readonly handler: string;
  /** Runs that have ended. */
  readonly runs: number;
  /** Runs that failed. */
  readonly errors: number;
  /** All runs together, in milliseconds. */
  readonly totalMs: number;
}

/** What a node tells as a service, each time that it is asked. Neither may throw. */
export interface ServiceFacts {
  /** Costs a constant time. */
  describe(): ServiceDescription;
  /** Costs the number of handlers. */
  endpoints(): readonly ServiceEndpoint[];
}
