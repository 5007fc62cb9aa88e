/**
 * Hashes a text to 32 bits, the same on every node: FNV-1a over UTF-16 units. Linear in the text. Its bits are not well spread: see
 * {@link mixHash}. Anybody can make texts with one hash, so no table of what peers send may be built on it.
 */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Spreads the bits of a hash: the finaliser of MurmurHash3, in which every bit of the input changes half of the output's 32. */
export function mixHash(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
