import type { Reader } from '../wire';
import { TAG } from './body';
import { readBundle } from './bundle';
import type { EffectList } from './effect';
import { type InboundContext, readerOf } from './inbound-context';
import type { InboundStream } from './inbound-stream';

/** A body of the owner of a stream, behind its tag and run. */
export interface InboundFrame {
  readonly tag: number;
  readonly reader: Reader;
  /** Whether it came as the answer to an ask for repair. */
  readonly isAnswer: boolean;
}

/**
 * Gives a frame to its stream; a bundle is many, in order.
 *
 * @throws DecodeError for bytes that are no such frame; what came before them in a bundle has been applied.
 */
export function receiveFrame(
  stream: InboundStream,
  { tag, reader, isAnswer }: InboundFrame,
  context: InboundContext,
  now: number,
  effects: EffectList,
): void {
  if (tag === TAG.chunk) return stream.receiveChunk(reader, now, effects);
  if (tag === TAG.appliedAsk) return stream.receiveAppliedAsk(reader);
  const open = (bytes: Uint8Array): Reader => readerOf(bytes, context);
  const bodies = tag === TAG.bundle ? readBundle(reader, stream.run, open) : [{ tag, reader }];
  for (const each of bodies) {
    if (each.tag === TAG.ops) stream.receiveOps(each.reader, effects);
    else if (each.tag === TAG.part) stream.receivePart(each.reader, effects);
    else stream.receiveTail(each.reader, isAnswer, effects);
  }
}
