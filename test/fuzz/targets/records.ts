import { isDeepStrictEqual } from 'node:util';
import { HostMessages } from '../../../libs/pg-registry/src/entities/host-messages';
import {
  decodeRecord,
  encodeRecord,
  type LeaseRecord,
} from '../../../libs/pg-registry/src/names/lease/lease-records';
import { decodeQuestion, encodeQuestion } from '../../../libs/pg-registry/src/observer/question';
import {
  DEFAULT_VALUE_LIMITS,
  InvalidArgumentError,
  InvalidValueError,
  PidInterner,
  ValueTooLargeError,
} from '../../../libs/pg-registry/src/term';
import { Reader, Writer } from '../../../libs/pg-registry/src/wire';
import { type Input, type Message, sizeOf } from '../engine/input';
import { Fault, type Target } from '../engine/target';
import { isDecodeError } from './bodies';

const KIND = { record: 0, hosts: 1, question: 2 } as const;
const pids = new PidInterner();
const decoding = { pids, limits: DEFAULT_VALUE_LIMITS };
const hosts = new HostMessages(DEFAULT_VALUE_LIMITS, pids);
const pid = pids.intern('m', 'b'.repeat(16), 7);

/** What hosts of entities say to each other is read in one of these ways. */
const HOSTS_READ: readonly ((message: never) => unknown)[] = [
  (message) => hosts.address(message),
  (message) => hosts.announcement(message),
  (message) => hosts.delivery(message),
  (message) => hosts.merge(message),
  (message) => hosts.text(message, 'node'),
];

function readRecord(body: Uint8Array): void {
  const record = decodeRecord(body, decoding);
  const again = encodeRecord(record);
  if (!isDeepStrictEqual(decodeRecord(again, decoding), record))
    throw new Fault('A lease record is another one when it is written and read again.');
}

function readHosts({ body, how }: Message): void {
  const message = new Reader(body, decoding).value();
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- any value is one
    HOSTS_READ[how % HOSTS_READ.length](message as never);
  } catch (error) {
    const isRefusal = [InvalidArgumentError, InvalidValueError, ValueTooLargeError].some(
      (one) => error instanceof one,
    );
    if (!isRefusal) throw error;
  }
}

function read(message: Message): void {
  if (message.kind === KIND.record) return readRecord(message.body);
  if (message.kind === KIND.hosts) return readHosts(message);
  decodeQuestion(message.body);
}

function valueOf(value: unknown): Uint8Array {
  const writer = new Writer();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a value in normal form
  writer.value(value as never);
  return writer.finish();
}

function seedsOf(kind: number, bodies: readonly Uint8Array[]): Input[] {
  return bodies.flatMap((body) => HOSTS_READ.map((_, how) => [{ kind, how, wait: 0, body }]));
}

/** Reads what a node gets of others outside of frames. */
export const recordsTarget: Target = {
  name: 'records',
  about:
    'records of cluster names, messages between hosts of entities and questions of observers to their readers: each is read or refused',
  kinds: Object.values(KIND),
  mostMessages: 1,
  bound: (input) => 2_000 + 300 * sizeOf(input),
  seeds: () => {
    const records: readonly LeaseRecord[] = [
      { type: 'session', open: true, ttlMs: 10_000, takeover: 'crash', nonce: 'n' },
      { type: 'claim', key: ['a', 1], nonce: 'n', holder: undefined },
      {
        type: 'claim',
        key: 'k',
        nonce: 'n',
        holder: undefined,
        reservedFor: { incarnation: 'b'.repeat(16), forMs: 100 },
      },
      {
        type: 'claim',
        key: 'k',
        nonce: 'n',
        holder: { session: 's.1', pid, token: 9, value: { a: [1, 'x'] } },
      },
    ];
    const delivery = {
      type: 'doc',
      key: ['k', 1],
      moveId: 'a-b',
      mergeId: 'a-b',
      from: pid,
      stateVersion: 1,
      hasState: true,
      state: { a: 1 },
      node: 'n',
    };
    return [
      ...seedsOf(KIND.record, records.map(encodeRecord)),
      ...seedsOf(KIND.hosts, [valueOf(delivery), valueOf([1]), valueOf(null)]),
      ...seedsOf(KIND.question, [
        encodeQuestion({ ask: 'node' }),
        encodeQuestion({ ask: 'entries', scope: 'pg', match: ['a', { b: 1 }], limit: 5 }),
      ]),
    ];
  },
  read,
  run: ([message]) => {
    try {
      read(message);
    } catch (error) {
      if (!isDecodeError(error)) throw error;
    }
  },
};
