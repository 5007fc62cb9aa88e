import type { ByteReader } from './byte-reader';
import { mostReferencesToHome } from './references';

/** Node and incarnation of a pid, and how many bytes they took where they were written. */
export interface KnownHome {
  readonly node: string;
  readonly incarnation: string;
  readonly headBytes: number;
  /** How often it may still be referred to. */
  references: number;
}

/** Reads a new home, which may be referred to later in the item. @throws DecodeError if no Writer writes such a home */
export function readHome(bytes: ByteReader): KnownHome {
  const start = bytes.position;
  const node = bytes.string();
  if (node === '') bytes.fail('a pid without a node');
  const incarnation = bytes.hex(8);
  const headBytes = bytes.position - start + 1;
  return { node, incarnation, headBytes, references: mostReferencesToHome(headBytes) };
}
