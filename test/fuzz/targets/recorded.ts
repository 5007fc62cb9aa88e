import {
  encodeCancel,
  encodeReply,
  encodeRequest,
  writeCancellation,
  writeReply,
} from '../../../libs/pg-registry/src/calls/frames/call-frames';
import { writeRequest } from '../../../libs/pg-registry/src/calls/frames/call-items';
import { writeToken } from '../../../libs/pg-registry/src/calls/frames/call-token';
import {
  type DownBody,
  type WatchBody,
  writeDown,
  writeWatch,
} from '../../../libs/pg-registry/src/calls/monitors/watch-frames';
import { NO_HEADERS } from '../../../libs/pg-registry/src/calls/call-context';
import { Pid } from '../../../libs/pg-registry/src/term';
import { decodeFrame, Writer } from '../../../libs/pg-registry/src/wire';
import { type FrameKind, FRAMES, type SubjectForm } from '../../../libs/pg-registry/src/wire/frame-kinds';
import type { Input, Message } from '../engine/input';
import { startThreeNodes, type ThreeNodes } from './three-nodes';
import { waitFor } from './waiting';

/** What a node does while it is recorded. */
type Scene = (nodes: ThreeNodes) => void;

const SCENES: readonly Scene[] = [
  ({ network, hostile }) => {
    hostile.join('s', 'key', { state: 'ready' }, 3);
    hostile.join('u', ['name', 1], null);
    network.run(20);
    hostile.update('s', 'key', { state: 'busy' });
    hostile.leave('s', 'key', 2);
    hostile.exit('s', 1);
    network.run(100);
  },
  ({ network, hostile }) => {
    for (let times = 0; times < 4; times += 1) hostile.join('s', 'many', times, 30);
    hostile.join('s', 'large', 'x'.repeat(9000));
    network.run(100);
  },
  // A scope that starts anew: the others sync.
  ({ network, hostile }) => {
    hostile.stopScope('s');
    network.run(20);
    hostile.startScope('s');
    hostile.join('s', 'again', 'value', 40);
    hostile.join('s', ['again', 2], { value: 2 });
    network.run(300);
  },
  // Lost operations: the others ask for a repair.
  ({ network, hostile }) => {
    network.loses = ({ from, kind }) => from === 'm' && kind === 'ops';
    for (let times = 0; times < 6; times += 1) {
      hostile.join('s', 'lost', times);
      network.run(10);
    }
    network.loses = () => false;
    hostile.join('s', 'heard', null);
    network.run(200);
  },
  ({ network, victim, hostile }) => {
    hostile.replicated('s');
    victim.join('s', 'mine', 1);
    victim.replicated('s');
    network.discover(victim, hostile);
    network.run(100);
    hostile.do((now) => hostile.protocol.drain(now));
    network.run(100);
    network.leave(hostile);
    network.run(10);
  },
  // It misses what the victim writes, suspects it, and comes back.
  ({ network, victim, hostile }) => {
    network.loses = ({ to, kind }) => to === 'm' && kind === 'ops';
    for (let times = 0; times < 4; times += 1) victim.join('s', 'lost', times);
    network.run(50);
    network.loses = () => false;
    victim.join('s', 'heard', null);
    network.run(200);
    network.disconnect(hostile);
    network.run(50);
    network.connect(hostile);
    network.run(300);
  },
];

let conversations: readonly Input[] | undefined;

/** What an honest node says in the place of the hostile one, from the moment at which a conversation begins: each scene is one input. */
export function recordedConversations(): readonly Input[] {
  return (conversations ??= SCENES.map(record));
}

/** Single messages of an honest node, of every kind that it sends. */
export function recordedMessages(): readonly Message[] {
  const single = new Map<string, Message>();
  for (const message of [...recordedConversations().flat(), ...callMessages()])
    single.set(`${message.kind} ${message.body.length}`, { ...message, wait: 0 });
  return [...single.values()];
}

function record(scene: Scene): Input {
  const nodes = startThreeNodes();
  const { network } = nodes;
  const messages: Message[] = [];
  let saidAt = network.now;
  network.onPublish = ({ from, subject, bytes }) => {
    const isHeard = from.name === 'm' && (subject.includes('.from.m.') || subject.includes('.to.v.'));
    if (!isHeard) return;
    const { kind, body } = decodeFrame(bytes);
    const last = messages.at(-1);
    if (last !== undefined) messages[messages.length - 1] = { ...last, wait: waitFor(network.now - saidAt) };
    saidAt = network.now;
    messages.push({
      ...messageOf(kind, body.slice()),
      how: subject.includes('.to.') ? formOf(kind, 'to') : 0,
    });
  };
  scene(nodes);
  return messages;
}

/** The `how` of a kind that travels on a form of subjects. */
function formOf(kind: FrameKind, form: SubjectForm): number {
  const forms: readonly SubjectForm[] = FRAMES[kind].on;
  return Math.max(0, forms.indexOf(form));
}

/** Frames of calls and monitors; their nodes are not those of a virtual network. */
function callMessages(): Message[] {
  const [process, caller] = [new Pid('v', '0'.repeat(15) + '1', 1), new Pid('m', '0'.repeat(15) + '3', 1)];
  const target = { incarnation: process.incarnation, id: 1 };
  const message = {
    kind: 'call' as const,
    name: 'echo',
    payload: { text: 'hello', list: [1, 2, 3] },
    caller,
    headers: { 'x-request': '1' },
    trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' },
    deadline: undefined,
    chain: undefined,
    entity: undefined,
  };
  const error = {
    ownClass: true,
    name: 'CallTimeoutError',
    code: 'CALL_TIMEOUT',
    message: 'late',
    fields: { a: 1 },
    stack: '',
  };
  const token = { number: 1, high: 2, low: 3 };
  const chain = [{ incarnation: caller.incarnation, id: 1, delivery: 7 }];
  const entity = { type: 'document', key: ['doc', 'a'], hops: 1, passed: 0 };
  const items: readonly (readonly [FrameKind, (writer: Writer) => void])[] = [
    ['call', (to) => (writeToken(to, token), writeRequest(to, process, message, 3))],
    ['call', (to) => (writeToken(to, token), writeRequest(to, process, { ...message, chain, entity }, 3))],
    [
      'cast',
      (to) =>
        writeRequest(to, process, { ...message, kind: 'cast', trace: undefined, headers: NO_HEADERS }, 3),
    ],
    [
      'cancel',
      (to) => (writeToken(to, token), writeCancellation(to, { cause: 'aborted', message: 'enough' })),
    ],
    ['reply', (to) => (writeToken(to, token), writeReply(to, { type: 'result', value: { done: true } }))],
    ['reply', (to) => (writeToken(to, token), writeReply(to, { type: 'error', executed: true, error }))],
    ['watch', (to) => writeWatch(to, { type: 'assert', ...target })],
    ['down', (to) => writeDown(to, { type: 'down', ...target, reason: 'noproc' })],
    ['down', (to) => writeDown(to, { type: 'again' })],
  ];
  return [
    ...items.map((item) => messageOf('bundle', bundleOf([item]))),
    messageOf('bundle', bundleOf(items)),
    messageOf('call', encodeRequest(process, message, 1)),
    messageOf('call', encodeRequest(process, { ...message, name: 'wait', trace: undefined }, 2)),
    messageOf('cast', encodeRequest(process, { ...message, kind: 'cast' }, 0)),
    messageOf('cast', encodeRequest(process, { ...message, kind: 'message', name: '' }, 0)),
    messageOf('cancel', encodeCancel({ token: 1, cause: 'aborted', message: 'enough' })),
    messageOf('reply', encodeReply(1, { type: 'result', value: { done: true } })),
    messageOf('reply', encodeReply(1, { type: 'error', executed: true, error })),
    messageOf('reply', encodeReply(1, { type: 'stale' })),
    messageOf('watch', encodeWatch({ type: 'assert', ...target })),
    messageOf('watch', encodeWatch({ type: 'release', ...target })),
    messageOf('watch', encodeWatch({ type: 'asserted' })),
    messageOf('down', encodeDown({ type: 'watching', ...target })),
    messageOf('down', encodeDown({ type: 'down', ...target, reason: 'noproc' })),
    messageOf('down', encodeDown({ type: 'again' })),
  ];
}

function bundleOf(items: readonly (readonly [FrameKind, (writer: Writer) => void])[]): Uint8Array {
  const writer = new Writer();
  for (const [kind, write] of items) {
    writer.u8(FRAMES[kind].number);
    const start = writer.startPart();
    write(writer);
    writer.u32(writer.length - start, start - 4);
  }
  return writer.finish();
}

function encodeWatch(body: WatchBody): Uint8Array {
  const writer = new Writer();
  writeWatch(writer, body);
  return writer.finish();
}

function encodeDown(body: DownBody): Uint8Array {
  const writer = new Writer();
  writeDown(writer, body);
  return writer.finish();
}

/** A message of a kind of frame, delivered as an honest node does. */
export function messageOf(kind: FrameKind, body: Uint8Array): Message {
  return { kind: FRAMES[kind].number, how: 0, wait: 0, body };
}
