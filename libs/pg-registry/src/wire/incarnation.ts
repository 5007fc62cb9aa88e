/**
 * An incarnation is one life of one node: 64 bits, written as 16 lower-case hexadecimal digits. The first half is a hash of
 * the node's name, the second is drawn at random at its start.
 *
 * Entries, streams and peers are told apart by the incarnation alone. The hash ties it to the name, and the name is what a
 * subject proves: so a node cannot speak as another's incarnation under a name of its own, in which case a hello of the one
 * would be taken for the other's. That needs no memory of who used an incarnation first, and so no race about it.
 */
import { hashText, mixHash } from '../term';

const INCARNATION = /^[0-9a-f]{16}$/;
const HALF_DIGITS = 8;

/** A well-spread hash of a text: 32 bits, the same on every node. */
export function hash32(text: string): number {
  return mixHash(hashText(text));
}

/**
 * Makes the incarnation of a new life of a node.
 *
 * @param bits 32 random bits as a whole number in [0, 2^32): two lives of one name must not draw the same
 */
export function incarnationOf(node: string, bits: number): string {
  return half(hash32(node)) + half(bits);
}

/** Whether a string has the form of an incarnation. */
export function isIncarnation(text: string): boolean {
  return INCARNATION.test(text);
}

/** Whether an incarnation is one of a node of that name. Costs the length of the name. */
export function belongsTo(incarnation: string, node: string): boolean {
  return Number.parseInt(incarnation.slice(0, HALF_DIGITS), 16) === hash32(node);
}

function half(bits: number): string {
  return bits.toString(16).padStart(HALF_DIGITS, '0');
}
