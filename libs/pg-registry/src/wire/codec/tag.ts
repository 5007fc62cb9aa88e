/*
 * The first byte of a value. Below TAG's first are four ranges that hold a small number as well: from 0x00 on a small integer itself, and
 * then the three whose beginnings follow.
 */

/** The range of strings; it holds the number of bytes. */
export const SHORT_STRING = 0x40;
/** The range of arrays; it holds the number of elements. */
export const SHORT_ARRAY = 0x80;
/** The range of records whose shape has been seen before in the frame; it holds the index of the shape. */
export const RECENT_SHAPE = 0xa0;
/** How many shapes fit into the range of {@link RECENT_SHAPE}. */
export const RECENT_SHAPES = 64;

/** Tags of their own. What follows is given behind each; "uint" is a varint, text is a uint of bytes and UTF-8. */
export const TAG = {
  /** Nothing follows. */
  null: 0xe0,
  undefined: 0xe1,
  false: 0xe2,
  true: 0xe3,
  /** uint n. */
  integer: 0xe4,
  /** uint -1 - n. */
  negativeInteger: 0xe5,
  /** float64, little-endian, of what is no safe integer. */
  float: 0xe6,
  /** uint bytes, then n, big-endian. */
  bigint: 0xe7,
  /** uint bytes, then -1 - n, big-endian. */
  negativeBigint: 0xe8,
  /** text. */
  string: 0xe9,
  /** uint elements, then each. */
  array: 0xea,
  /** uint names, then each as text, then each one's value; the names become the next shape. */
  newShape: 0xeb,
  /** uint index of a shape, then each name's value. */
  oldShape: 0xec,
  /** node as text, 8 bytes incarnation, uint id; node and incarnation become the next home. */
  newHome: 0xed,
  /** uint index of a home, uint id. */
  oldHome: 0xee,
  /** float64: milliseconds since 1970. */
  date: 0xef,
  /** uint entries, then each one's key and value. */
  map: 0xf0,
  /** uint members, then each. */
  set: 0xf1,
  /** kind, uint bytes, then the elements, little-endian. */
  bytes: 0xf2,
} as const;
