import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  ANNOUNCED_KINDS,
  FRAME_KINDS,
  FRAMES,
  INTRODUCING_KINDS,
  PROCESS_INBOX_KINDS,
  PROTOCOL_INBOX_KINDS,
} from './frame-kinds';

describe('the table of frames', () => {
  it('every kind of frame keeps its number on the wire', () => {
    expect(FRAME_KINDS.map((kind) => `${FRAMES[kind].number} ${kind}`)).toEqual([
      '0 hello',
      '1 discover',
      '2 goodbye',
      '3 suspect',
      '4 stale',
      '5 alive',
      '6 drain',
      '7 ops',
      '8 repair',
      '9 sync',
      '10 applied',
      '11 call',
      '12 cast',
      '13 cancel',
      '14 watch',
      '15 down',
      '16 reply',
      '17 bundle',
      '18 exit',
    ]);
  });

  it('the number of every kind of frame is its index in the table', () => {
    expect(FRAME_KINDS.map((kind) => FRAMES[kind].number)).toEqual([...FRAME_KINDS.keys()]);
  });

  it('the table of frames keeps the kinds that every node subscribes to, and those that carry versions', () => {
    expect([...ANNOUNCED_KINDS].toSorted()).toEqual(['goodbye', 'hello', 'suspect']);
    expect([...PROTOCOL_INBOX_KINDS].toSorted()).toEqual([
      'applied',
      'discover',
      'drain',
      'hello',
      'repair',
      'stale',
      'sync',
    ]);
    expect([...PROCESS_INBOX_KINDS].toSorted()).toEqual([
      'bundle',
      'call',
      'cancel',
      'cast',
      'down',
      'exit',
      'watch',
    ]);
    expect([...INTRODUCING_KINDS]).toEqual(['hello', 'discover']);
  });

  it('the table of frames names files that exist', () => {
    const bodies = FRAME_KINDS.flatMap((kind) => FRAMES[kind].body ?? []);
    const missing = bodies.filter((body) => !existsSync(join(__dirname, '..', `${body}.ts`)));
    expect(missing).toEqual([]);
  });
});
