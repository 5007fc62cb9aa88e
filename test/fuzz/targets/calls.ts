import { FakeCluster, type FakeNode, turn } from '../../../libs/pg-registry/src/calls/calls.fixture';
import type { LocalProcess } from '../../../libs/pg-registry/src/lifetime';
import { FRAME_KINDS, type FrameKind, FRAMES } from '../../../libs/pg-registry/src/wire/frame-kinds';
import type { ProcessKind } from '../../../libs/pg-registry/src/wire';
import { type Input, type Message, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { decodeBody } from './bodies';
import { recordedMessages } from './recorded';

const KINDS: readonly ProcessKind[] = FRAME_KINDS.filter(isProcessKind);

function isProcessKind(kind: FrameKind): kind is ProcessKind {
  return FRAMES[kind].room === 'calls';
}

/** What is not acknowledged about monitors is written again so often. */
const RESEND_MS = 5000;

/** The time after a message. */
function msOf(wait: number): number {
  return wait < 128 ? 0 : 2 ** ((wait - 128) / 8);
}

/** A node v that serves, calls and watches; an honest node h that it waits for; and a hostile node m. */
class Conversation {
  readonly #cluster = new FakeCluster();
  readonly #victim: FakeNode = this.#cluster.node('v');
  readonly #honest: FakeNode = this.#cluster.node('h');
  readonly #hostile: FakeNode = this.#cluster.node('m');
  readonly #watched: LocalProcess;
  /** A process of the victim's own: others may end it. */
  readonly #own: LocalProcess;
  readonly #told: unknown[] = [];
  readonly #answers: unknown[] = [];
  #answer: (value: string) => void = () => undefined;

  constructor() {
    const [victim, honest] = [this.#victim, this.#honest];
    victim.serve({
      echo: (payload) => payload,
      fail: () => Promise.reject(new Error('failed')),
      wait: () => new Promise(() => undefined),
    });
    const served = honest.serve({ wait: () => new Promise((resolve) => (this.#answer = resolve)) });
    this.#watched = honest.processes.spawn();
    this.#own = victim.processes.spawn();
    victim.service.monitor(this.#watched.pid).subscribe((down) => this.#told.push(down.reason));
    victim.service.monitor(this.#own.pid).subscribe((down) => this.#toldOfOwn(down.reason));
    const note = (answer: unknown): void => void this.#answers.push(answer);
    victim.service.call(served.pid, 'wait', null, { timeoutMs: Infinity }).then(note, note);
  }

  async begin(): Promise<void> {
    await turn();
    await turn();
  }

  async say({ kind, how, wait, body }: Message): Promise<void> {
    const { name: node, incarnation } = this.#hostile;
    const from = { node, incarnation: how % 16 === 15 ? 'f'.repeat(16) : incarnation };
    const address = ['m', '', 'h'][(how >> 4) % 3];
    this.#victim.calls.port.receive({
      kind: KINDS[kind % KINDS.length],
      from,
      isFromPeer: how % 8 !== 7,
      body,
      reply: address,
      token: '',
    });
    if (how >= 128) await turn();
    this.#cluster.timers.advance(msOf(wait));
  }

  #toldOfOwn(reason: unknown): void {
    if (this.#own.alive) this.#told.push(reason);
  }

  /** What the honest node owes the victim comes, unharmed; nobody else could end it before. */
  async end(): Promise<void> {
    await turn();
    if (this.#answers.length > 0)
      throw new Fault(`a hostile node ended a call to another one: ${String(this.#answers[0])}`);
    if (this.#told.length > 0)
      throw new Fault(`a hostile node ended a monitor of another one's process: ${String(this.#told[0])}`);
    this.#answer('done');
    this.#watched.exit('over');
    for (let turns = 0; turns < 6 && (this.#answers.length === 0 || this.#told.length === 0); turns += 1)
      await turn();
    if (this.#answers[0] !== 'done')
      throw new Fault(`a call ended with ${String(this.#answers[0])} instead of its answer`);
    if (this.#told[0] !== 'over')
      throw new Fault(`a monitor told ${String(this.#told[0])} instead of the reason`);
    this.#victim.calls.peerRemoved({ node: 'm', incarnation: this.#hostile.incarnation });
    this.#victim.calls.close();
  }

  /** Lets go of what the whole thread would pay for until its end. */
  dispose(): void {
    for (const { processes } of this.#cluster.nodes.values()) processes.current.dispose();
  }
}

/** Frames of calls and monitors by a hostile node. */
export const callsTarget: Target = {
  name: 'calls',
  about:
    'up to 30 frames of a hostile node to the calls and monitors of a node: those of others end as if it had not been there',
  kinds: KINDS.map((_, kind) => kind),
  mostMessages: 30,
  // The smallest item has six bytes; one that asks for the watches again is answered, for 900 blocks.
  // The reason of an end is written again, and read by m, until m acknowledges it.
  bound: (input) =>
    5_000 + (200 + 50 * (input.reduce((ms, { wait }) => ms + msOf(wait), 0) / RESEND_MS)) * sizeOf(input),
  seeds: (): Input[] => {
    const messages = recordedMessages().flatMap((message) => {
      const kind = (KINDS as readonly string[]).indexOf(FRAME_KINDS[message.kind]);
      return kind < 0 ? [] : [{ ...message, kind }];
    });
    return [...messages.map((message) => [message]), messages];
  },
  read: ({ kind, body }) => void decodeBody(KINDS[kind % KINDS.length], body),
  run: async (input, start) => {
    const conversation = new Conversation();
    try {
      await conversation.begin();
      start();
      for (const message of input) await conversation.say(message);
      await conversation.end();
    } finally {
      conversation.dispose();
    }
  },
};
