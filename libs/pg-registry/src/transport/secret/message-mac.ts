import { createHmac, type KeyObject, createSecretKey } from 'node:crypto';

/** Bytes of the MAC in a message: half of HMAC-SHA-256, which nobody finds by trying. */
export const MAC_BYTES = 16;

/** So that a key that is used elsewhere too never signs the same bytes there. */
const PURPOSE = 'nestjs-pg-registry message 1';

/** Computes the MACs of messages with one key: HMAC-SHA-256 over the head, the subjects and the content, cut to 16 bytes. */
export class MessageMac {
  readonly #key: KeyObject;

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(createHmac('sha256', key).update(PURPOSE).digest());
  }

  /**
   * @param head What stands before the MAC in the message.
   * @param subject Where the message goes.
   * @param reply Where its answer goes; `''` if there is none.
   * @param content The message without its signature.
   */
  of(head: Uint8Array, subject: string, reply: string, content: Uint8Array): Buffer {
    // Lengths, so that no two pairs of subjects read the same.
    const subjects = `${subject.length},${reply.length},${subject}${reply}`;
    return createHmac('sha256', this.#key)
      .update(head)
      .update(subjects)
      .update(content)
      .digest()
      .subarray(0, MAC_BYTES);
  }
}
