/**
 * Secret numbers that make it impossible to foresee where a Map keeps a number. V8 hashes strings with a seed of its own,
 * but numbers and bigints without one: a peer that chooses enough of them can make every look-up walk through all of them.
 * One per node, drawn by node/ and handed to all that looks up numbers of peers.
 */
export class HashSeed {
  readonly #mask: number;
  readonly #factor: number;

  /**
   * @param mask 32 random bits.
   * @param factor 32 random bits.
   */
  constructor(mask: number, factor: number) {
    this.#mask = mask | 0;
    this.#factor = factor | 1; // an odd factor maps no two integers to one
  }

  /**
   * Returns what a Map may hold in place of a number: the same exactly for the same number (SameValueZero), and nothing that a
   * peer can foresee. A 32-bit integer becomes another one, without allocation; any other number becomes a string that is no
   * well-formed text.
   */
  tokenOf(n: number): number | string {
    if (n !== (n | 0)) return numberToken(n);
    return Math.imul(n ^ this.#mask, this.#factor);
  }

  /**
   * Returns 32 bits that spread what a Map is asked for over several Maps, in a way that no peer can foresee. Costs the length of a
   * string. A field, because it is passed on as a function.
   */
  readonly spread = (token: string | number | boolean | null): number => {
    if (typeof token !== 'string') return Number(token) | 0;
    const factor = this.#factor;
    let hash = this.#mask;
    for (let at = 0; at < token.length; at += 1) hash = Math.imul(hash ^ token.charCodeAt(at), factor);
    return hash;
  };
}

/** A seed for tables that meet no peer, such as those of tests. */
export const FIXED_SEED = new HashSeed(0x3c6ef372, 0x9e3779b1);

/** No well-formed string starts with the second half of a surrogate pair, so no normal key can be a token of another. */
export const MARK = 0xdfff;
const FLOAT = new Float64Array(1);
const UNITS = new Uint16Array(FLOAT.buffer);

/**
 * Returns a string that two numbers share exactly if they are the same (SameValueZero), in constant time: some fractions take
 * microseconds to print. It means nothing on another machine.
 */
export function numberToken(n: number): string {
  FLOAT[0] = Number.isNaN(n) ? Number.NaN : n + 0; // -0 + 0 is 0
  return String.fromCharCode(MARK, UNITS[0], UNITS[1], UNITS[2], UNITS[3]);
}
