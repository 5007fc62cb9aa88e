import { FRAMES } from '../../wire';

/** The kinds of items: the numbers of the frames that say the same in version 1. Constants, because each item is looked up by them. */
export const ITEM = {
  call: FRAMES.call.number,
  cast: FRAMES.cast.number,
  cancel: FRAMES.cancel.number,
  watch: FRAMES.watch.number,
  down: FRAMES.down.number,
  reply: FRAMES.reply.number,
} as const;
