import type { SeededRandom } from '../../support/seeded-random';
import { mutateBody, type ReadBody } from './body-mutation';
import type { Field } from './fields';
import type { Input, Message } from './input';
import type { Target } from './target';
import { anyCount } from './value-mutation';

/** An input whose messages were read. */
export interface ReadInput {
  readonly input: Input;
  /** The fields of each message's body. */
  readonly fields: readonly (readonly Field[])[];
}

const MOST_CHANGES = 5;

/** Makes a new input of one that was kept: some changes of its messages, their order or their number. `donor` gives parts of its own. */
export function mutate(base: ReadInput, donor: ReadInput, target: Target, random: SeededRandom): Input {
  let messages: ReadMessage[] = base.input.map((message, at) => ({ message, fields: base.fields[at] }));
  const others = donor.input.map((message, at) => ({ message, fields: donor.fields[at] }));
  for (let changes = 1 + random.below(MOST_CHANGES); changes > 0; changes -= 1) {
    const at = random.below(messages.length);
    const isForBody = target.mostMessages === 1 || random.chance(0.75);
    messages = isForBody
      ? messages.with(at, changed(messages[at], random.pick(others), target, random))
      : rearranged(messages, others, random);
  }
  return messages.slice(0, target.mostMessages).map(({ message }) => message);
}

/** A message and its fields; none once the body has changed, because they would not be true any more. */
export interface ReadMessage {
  readonly message: Message;
  readonly fields: readonly Field[];
}

function changed(
  { message, fields }: ReadMessage,
  donor: ReadMessage,
  target: Target,
  random: SeededRandom,
): ReadMessage {
  if (random.chance(0.1)) {
    const { kinds } = target;
    const header = random.weighted<() => Partial<Message>>([
      [1, () => ({ kind: random.pick(kinds) })],
      [3, () => ({ how: random.below(256) })],
      [2, () => ({ wait: random.below(256) })],
    ])();
    return { message: { ...message, ...header }, fields };
  }
  const body = mutateBody(readBody({ message, fields }, target), readBody(donor, target), random);
  return { message: { ...message, body }, fields: [] };
}

/** A message as the mutations of its body take it. */
export function readBody({ message, fields }: ReadMessage, target: Pick<Target, 'read'>): ReadBody {
  const isRead = (body: Uint8Array): boolean => {
    try {
      target.read({ ...message, body });
      return true;
    } catch {
      return false;
    }
  };
  return { body: message.body, fields, isRead };
}

function rearranged(
  messages: ReadMessage[],
  others: readonly ReadMessage[],
  random: SeededRandom,
): ReadMessage[] {
  const at = random.below(messages.length);
  const to = at + 1 + random.below(messages.length - at);
  return random.weighted<() => ReadMessage[]>([
    [2, () => messages.toSpliced(at, 0, random.pick(others))],
    [
      1,
      () =>
        messages.toSpliced(
          to,
          0,
          ...Array.from({ length: anyCount(random, 8) }, () => messages.slice(at, to)).flat(),
        ),
    ],
    [1, () => (messages.length > 1 ? messages.toSpliced(at, 1) : messages)],
    [1, () => [...messages.slice(0, to), ...others.slice(random.below(others.length))]],
    [1, () => messages.with(at, random.pick(messages))],
  ])();
}
