import type { ClusterFacts } from '../observer';
import { keyOfText } from '../observer';
import { EventStream } from './event-stream';
import type { Reply } from './reply';
import { type PageRequest, Query, RequestError } from './request';

/** So many streams may be open at a time. A node lets as many follow it. */
const MOST_STREAMS = 16;

/** The open streams of events. */
export class EventStreams {
  readonly #facts: ClusterFacts;
  readonly #streams = new Set<EventStream>();
  #opening = 0;
  #isClosed = false;

  constructor(facts: ClusterFacts) {
    this.#facts = facts;
  }

  /**
   * Opens a stream of what happens at a node: everything, or that of one scope, or of one key.
   *
   * @param self The node that is asked if the query names none.
   * @throws RequestError if too many are open. TransportError if the node does not answer.
   */
  async open(request: PageRequest, reply: Reply, self: string): Promise<void> {
    if (this.#isClosed) throw new RequestError(503, 'This node is about to end.');
    if (this.#streams.size + this.#opening >= MOST_STREAMS) {
      throw new RequestError(503, `${MOST_STREAMS} streams of events are open already. Close a page.`);
    }
    this.#opening += 1;
    try {
      await this.#begin(request, reply, self);
    } finally {
      this.#opening -= 1;
    }
  }

  /** Ends all streams, and refuses new ones. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.end();
  }

  async #begin(request: PageRequest, reply: Reply, self: string): Promise<void> {
    const query = new Query(request);
    const key = query.optional('key');
    const { node, incarnation } = await this.#facts.node(query.optional('node') ?? self);
    // While it was asked, the application may have begun to end.
    if (this.#isClosed) throw new RequestError(503, 'This node is about to end.');
    const last = request.headers['last-event-id'];
    const resumed = typeof last === 'string' && last.startsWith(`${incarnation}-`);
    const raw = reply.stream(request.httpVersionMajor !== 2);
    const stream = new EventStream(raw, { node, incarnation, resumed }, () => performance.now());
    this.#streams.add(stream);
    const batches = this.#facts.events({
      node,
      scope: query.optional('scope'),
      ...(key !== undefined && { key: keyOfText(key) }),
      signal: stream.signal,
    });
    void stream.run(batches).then(() => this.#streams.delete(stream));
  }
}
