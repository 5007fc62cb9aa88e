import { collectUntil } from '../../../../../test/support/garbage';
import type { PeerLoad } from '../peer-load';
import { MessageList } from './message-list';
import type { QueuedMessage } from './queued-message';
import { SenderTurns } from './sender-turns';

describe('the order in which nodes have their turns', () => {
  const load = { waitingReplies: 0 } as PeerLoad;
  let waiting: MessageList<QueuedMessage>;
  let turns: SenderTurns;

  beforeEach(() => {
    waiting = new MessageList();
    turns = new SenderTurns(waiting);
  });

  function add(): QueuedMessage {
    const queued = { load } as QueuedMessage;
    waiting.add(queued);
    turns.add(queued);
    return queued;
  }

  function cancelled(): WeakRef<QueuedMessage> {
    return forgotten(add());
  }

  function handedOut(): WeakRef<QueuedMessage> {
    add();
    return forgotten(turns.next(true, () => false)!);
  }

  function forgotten(queued: QueuedMessage): WeakRef<QueuedMessage> {
    waiting.delete(queued);
    turns.delete(queued);
    return new WeakRef(queued);
  }

  it('holds no message that was handed out, or is not wanted any more, while others of its node wait', async () => {
    add();
    const refs = [cancelled(), handedOut()];
    expect(waiting.size).toBe(1);
    const areGone = (): boolean => refs.every((ref) => ref.deref() === undefined);
    await collectUntil(areGone);
    expect(areGone()).toBe(true);
  });
});
