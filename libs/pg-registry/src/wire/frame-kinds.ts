/**
 * Every kind of frame, one line each: what it is called, where it travels, what its body is, and which room gives it meaning.
 *
 * A new kind is a new line at the end. Types are derived from the lines, so `FrameRouter` in protocol/ does not compile until it has a
 * handler for the new kind; nor do the bodies in replication/ or `CallPort` in calls/, if the kind is theirs.
 */

/** Where a frame can travel; see `subject.ts` for the subjects. */
export type SubjectForm =
  /** To everybody: `from.<sender>.<kind>`. */
  | 'from'
  /** To everybody who follows a scope: `from.<sender>.<kind>.<scope>`. */
  | 'from-scope'
  /** To one node: `to.<node>.<kind>.<sender>`. */
  | 'to'
  /** To one node as the answer to its request: `reply.<asker>.<sender>.<token>`. */
  | 'reply'
  /** To one node as a probe: `alive.<node>`. */
  | 'alive';

interface FrameLine {
  /** On the wire. Never changed, never used again. */
  readonly number: number;
  readonly on: readonly SubjectForm[];
  /** The room that handles it. */
  readonly room: 'cluster' | 'replication' | 'calls';
  /** The file that writes and reads its body; undefined: it has none. */
  readonly body: string | undefined;
  /** Whether the envelope says which versions the sender speaks. */
  readonly introduces?: true;
  /** The first version that has it, if not the first of all. */
  readonly since?: number;
  /** The last version that has it, if there is one. */
  readonly until?: number;
}

/** The table. */
export const FRAMES = {
  hello: { number: 0, on: ['from', 'to'], room: 'cluster', body: 'cluster/hello', introduces: true },
  discover: { number: 1, on: ['to'], room: 'cluster', body: undefined, introduces: true },
  goodbye: { number: 2, on: ['from'], room: 'cluster', body: undefined },
  suspect: { number: 3, on: ['from'], room: 'cluster', body: 'cluster/liveness/liveness' },
  stale: { number: 4, on: ['to'], room: 'cluster', body: 'cluster/name-guard' },
  alive: { number: 5, on: ['alive', 'reply'], room: 'cluster', body: 'cluster/liveness/probes' },
  drain: { number: 6, on: ['to'], room: 'cluster', body: 'cluster/drain' },
  ops: { number: 7, on: ['from-scope'], room: 'replication', body: 'replication/body' },
  repair: { number: 8, on: ['to'], room: 'replication', body: 'replication/body' },
  sync: { number: 9, on: ['to'], room: 'replication', body: 'replication/body' },
  applied: { number: 10, on: ['to'], room: 'replication', body: 'replication/body' },
  call: { number: 11, on: ['to'], room: 'calls', body: 'calls/frames/call-frames', until: 1 },
  cast: { number: 12, on: ['to'], room: 'calls', body: 'calls/frames/call-frames', until: 1 },
  cancel: { number: 13, on: ['to'], room: 'calls', body: 'calls/frames/call-frames', until: 1 },
  watch: { number: 14, on: ['to'], room: 'calls', body: 'calls/monitors/watch-frames', until: 1 },
  down: { number: 15, on: ['to'], room: 'calls', body: 'calls/monitors/watch-frames', until: 1 },
  reply: { number: 16, on: ['reply'], room: 'calls', body: 'calls/frames/call-frames', until: 1 },
  bundle: { number: 17, on: ['to'], room: 'calls', body: 'calls/frames/line', since: 2 },
  exit: { number: 18, on: ['to'], room: 'calls', body: 'calls/frames/exit-frames', since: 2 },
} as const satisfies Readonly<Record<string, FrameLine>>;

type Frames = typeof FRAMES;

/** The kind of a frame. */
export type FrameKind = keyof Frames;

/** The kinds with this in their line. */
type KindsWith<Part> = { [K in FrameKind]: Frames[K] extends Part ? K : never }[FrameKind];

/** The kinds that may travel on a form of subjects. */
type KindsOn<Form extends SubjectForm> = {
  [K in FrameKind]: Form extends Frames[K]['on'][number] ? K : never;
}[FrameKind];

/** Kinds about a stream: their body begins with the scope's name, the rest is the Replicator's. */
export type StreamKind = KindsWith<{ readonly room: 'replication' }>;

/** Kinds to which calls/ gives meaning; the protocol only frames and checks them. */
export type ProcessKind = KindsWith<{ readonly room: 'calls' }>;

/** Kinds that are sent to everybody. */
export type AnnouncedKind = KindsOn<'from'>;

/** Kinds that are sent to one node. */
export type InboxKind = KindsOn<'to'>;

/** All kinds, by their number. */
export const FRAME_KINDS: readonly FrameKind[] = Object.keys(FRAMES)
  .filter(isFrameKind)
  .toSorted((a, b) => FRAMES[a].number - FRAMES[b].number);

function isFrameKind(name: string): name is FrameKind {
  return Object.hasOwn(FRAMES, name);
}

/** The versions that have frames of a kind. */
export function versionsOf(kind: FrameKind): { readonly since: number; readonly until: number } {
  const { since = 1, until = Infinity }: FrameLine = FRAMES[kind];
  return { since, until };
}

/** Kinds whose frames say which versions their sender speaks. */
export const INTRODUCING_KINDS: ReadonlySet<FrameKind> = new Set(
  FRAME_KINDS.filter((kind) => 'introduces' in FRAMES[kind]),
);

/** Whether frames of a kind may travel on a form of subjects. */
export function travelsOn(kind: FrameKind, form: SubjectForm): boolean {
  const { on }: FrameLine = FRAMES[kind];
  return on.includes(form);
}

/** Kinds that are sent to everybody. */
export const ANNOUNCED_KINDS = FRAME_KINDS.filter((kind): kind is AnnouncedKind => travelsOn(kind, 'from'));

/** Kinds by which other nodes reach the protocol of this one. */
export const PROTOCOL_INBOX_KINDS = inboxKinds((kind) => FRAMES[kind].room !== 'calls');

/** Kinds by which other nodes reach the processes of this one. */
export const PROCESS_INBOX_KINDS = inboxKinds((kind) => FRAMES[kind].room === 'calls');

function inboxKinds(belongs: (kind: FrameKind) => boolean): readonly InboxKind[] {
  return FRAME_KINDS.filter((kind): kind is InboxKind => travelsOn(kind, 'to') && belongs(kind));
}
