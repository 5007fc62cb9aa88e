import type { VirtualNode } from '../../../libs/pg-registry/src/protocol/virtual-network.fixture';
import { MOST_ENTRIES } from '../../../libs/pg-registry/src/table';
import { incarnationOf } from '../../../libs/pg-registry/src/wire';
import { encodeFrame } from '../../../libs/pg-registry/src/wire/frame';
import {
  FRAME_KINDS,
  type FrameKind,
  FRAMES,
  type SubjectForm,
} from '../../../libs/pg-registry/src/wire/frame-kinds';
import { rowText } from '../../../libs/pg-registry/src/protocol/table-replay.fixture';
import { type Input, type Message, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { decodeBody } from './bodies';
import { recordedConversations, recordedMessages } from './recorded';
import { OPTIONS, SCOPES, startThreeNodes, type ThreeNodes } from './three-nodes';
import { waitMsOf } from './waiting';

/** How long they go on after the last message: long enough for every answer, repair and early operation. */
const SETTLE_MS = 300;

/** How a message is delivered: chosen by its `how`. */
interface Delivery {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string;
}

/** A victim v, an honest node h, and a hostile node m that only answers probes by itself; everything else it says is the input. */
class Conversation {
  readonly #nodes: ThreeNodes = startThreeNodes();
  readonly #before: string;

  constructor() {
    this.#nodes.network.loses = ({ from, to, kind }) => (from === 'm' || to === 'm') && kind !== '';
    this.#before = this.#state();
  }

  say(message: Message): void {
    const { subject, bytes, reply } = this.#deliveryOf(message);
    this.#nodes.network.inject(this.#nodes.victim, subject, bytes, reply);
    // Entries beyond the limit leave in the next turns: until then there may be one operation more.
    this.#check(OPTIONS.maxEntriesPerPeer + MOST_ENTRIES);
    const waitMs = waitMsOf(message);
    if (waitMs > 0) this.#nodes.network.run(waitMs);
  }

  end(): void {
    this.#nodes.network.run(SETTLE_MS);
    this.#check(OPTIONS.maxEntriesPerPeer);
  }

  #deliveryOf(message: Message): Delivery {
    const { how, body } = message;
    const kind = FRAME_KINDS[message.kind % FRAME_KINDS.length];
    const isUsual = how < 128;
    const isWholeFrame = how >= 248;
    const forms: readonly SubjectForm[] = FRAMES[kind].on;
    const form = isUsual
      ? forms[how % forms.length]
      : (['from', 'from-scope', 'to', 'reply', 'alive'] as const)[how % 5];
    const scope = scopeIn(body) ?? SCOPES[how & 1];
    const reply = ['', 'm', 'h', 'm'][(how >> 2) & 3];
    return {
      subject: this.#subjectOf(form, kind, scope),
      bytes: isWholeFrame ? body : this.#frameOf(kind, body, how),
      reply:
        reply === ''
          ? ''
          : (reply === 'm' ? this.#nodes.hostile : this.#nodes.honest).protocol.subjects.reply('v', '1'),
    };
  }

  #subjectOf(form: SubjectForm, kind: FrameKind, scope: string): string {
    const { subjects } = this.#nodes.hostile.protocol;
    switch (form) {
      case 'from':
        return subjects.announce(kind);
      case 'from-scope':
        return subjects.ops(scope);
      case 'to':
        return subjects.to('v', kind);
      case 'reply':
        return this.#nodes.victim.protocol.subjects.reply('m', '1');
      case 'alive':
      default:
        return subjects.alive('v');
    }
  }

  #frameOf(kind: FrameKind, body: Uint8Array, how: number): Uint8Array {
    const { incarnation, protocol } = this.#nodes.hostile;
    const own = {
      version: 1,
      versions: { min: 1, max: 1 },
      node: 'm',
      kind,
      incarnation,
      epoch: protocol.epoch,
    };
    const other = incarnationOf('m', how & 15);
    switch ((how >> 4) & 15) {
      case 8:
        return encodeFrame({ ...own, incarnation: other }, body);
      case 9:
        return encodeFrame({ ...own, incarnation: other, epoch: own.epoch + (how & 15) }, body);
      case 10:
        return encodeFrame({ ...own, version: how & 3, versions: { min: 1, max: 1 + (how & 7) } }, body);
      case 11:
        return encodeFrame({ ...own, epoch: own.epoch + (how & 15) * 1000 }, body);
      default:
        return encodeFrame(own, body);
    }
  }

  /** What the hostile node has no business with: the entries of the others, and whether they are peers. */
  #state(): string {
    const of = (node: VirtualNode): string[] =>
      SCOPES.flatMap((scope) =>
        node
          .table(scope)
          .rows()
          .filter(({ pid }) => pid.node !== 'm')
          .map((row) => `${node.name} ${scope} ${row.pid.node} ${rowText(row)}`),
      );
    const peers = [this.#nodes.victim.peers.includes('h'), this.#nodes.honest.peers.includes('v')];
    return [
      ...of(this.#nodes.victim),
      ...of(this.#nodes.honest),
      ...peers,
      this.#nodes.victim.protocol.state,
    ].join('\n');
  }

  #check(mostEntries: number): void {
    const { protocol } = this.#nodes.victim;
    const { memory, peers, tombstones } = protocol.stats();
    if (this.#state() !== this.#before)
      throw new Fault(`changes what belongs to others, from\n${this.#before}\nto\n${this.#state()}`);
    if (memory.ringBytes > OPTIONS.ringBytes || memory.parkingBytes > OPTIONS.parkingBytes)
      throw new Fault(`holds more than the options allow: ${JSON.stringify(memory)}`);
    if (
      memory.unsentOperations > OPTIONS.maxUnsentOps ||
      peers > OPTIONS.maxPeers ||
      tombstones > OPTIONS.maxTombstones
    )
      throw new Fault(`counts more than the options allow: ${peers} peers, ${tombstones} tombstones`);
    for (const scope of SCOPES) {
      const { count: entries } = this.#nodes.victim.table(scope).digest(this.#nodes.hostile.incarnation);
      if (entries > mostEntries) throw new Fault(`shows ${entries} entries of a peer`);
    }
  }
}

/** The scope that the body of a stream names. */
function scopeIn(body: Uint8Array): string | undefined {
  const name = body[0] === 1 ? String.fromCharCode(body[1]) : '';
  return SCOPES.find((scope) => scope === name);
}

/** Frames of a hostile peer to a node. */
export const peerTarget: Target = {
  name: 'peer',
  about:
    'up to 30 frames of a hostile peer to a node: nothing is thrown, limits hold, and what belongs to others stays as it was',
  kinds: FRAME_KINDS.map((_, number) => number),
  mostMessages: 30,
  bound: (input) =>
    20_000 + 150 * sizeOf(input) + 30 * input.reduce((sum, message) => sum + waitMsOf(message), 0),
  seeds: (): readonly Input[] => {
    const conversations = recordedConversations();
    return [...conversations, ...recordedMessages().map((message) => [message])];
  },
  read: ({ kind, body }) => void decodeBody(FRAME_KINDS[kind % FRAME_KINDS.length], body),
  run: (input, start) => {
    const conversation = new Conversation();
    start();
    for (const message of input) conversation.say(message);
    conversation.end();
  },
};
