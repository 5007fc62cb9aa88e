/** Longest name that is shown or sent, in characters. */
const MOST_NAME_CHARACTERS = 64;

/** What others see of a person. */
export interface User {
  /** As text; whoever shows it must not take it for markup. */
  readonly name: string;
  /** `#rrggbb`. */
  readonly color: string;
}

/** The colours that the page gives out; white is readable on each. */
const COLORS = [
  '#c2255c',
  '#9c36b5',
  '#6741d9',
  '#3b5bdb',
  '#1971c2',
  '#0b7285',
  '#087f5b',
  '#2b8a3e',
  '#a04000',
];

const ADJECTIVES = [
  'Calm',
  'Quiet',
  'Bright',
  'Gentle',
  'Merry',
  'Patient',
  'Swift',
  'Curious',
  'Kind',
  'Nimble',
];
const ANIMALS = ['Heron', 'Otter', 'Badger', 'Finch', 'Hare', 'Lynx', 'Marten', 'Swallow', 'Robin', 'Beaver'];

/** Where a name survives a reload; the page's `localStorage`, or a substitute where that is forbidden. */
export type UserStorage = Pick<Storage, 'getItem' | 'setItem'>;

const KEY = 'collaboration.user';

/**
 * Makes up a user with a pleasant name.
 *
 * @param random Numbers from 0 up to but not including 1.
 */
export function randomUser(random: () => number = Math.random): User {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
  return { name: `${pick(ADJECTIVES)} ${pick(ANIMALS)}`, color: pick(COLORS) };
}

/** Reads the user that {@link storeUser} kept; `null` if there is none, or the browser forbids storage. */
export function storedUser(storage: () => UserStorage): User | null {
  try {
    return readUser(JSON.parse(storage().getItem(KEY) ?? 'null'));
  } catch {
    return null;
  }
}

/** Keeps the user for the next visit. Where the browser forbids storage, the page asks again next time. */
export function storeUser(storage: () => UserStorage, user: User): void {
  try {
    storage().setItem(KEY, JSON.stringify(user));
  } catch {
    // Forbidden or full: the name is good for this visit.
  }
}

/**
 * Reads a user that another browser or the server sent.
 *
 * @param sent Anything.
 * @returns The user with a name of at most 64 characters on one line, and with a colour that is only a colour; `null` if there is
 * no name in it.
 */
export function readUser(sent: unknown): User | null {
  if (typeof sent !== 'object' || sent === null) return null;
  const { name, color } = sent as { readonly name?: unknown; readonly color?: unknown };
  if (typeof name !== 'string') return null;
  const line = nameOnOneLine(name);
  return line === '' ? null : { name: line, color: readColor(color) };
}

/** Makes one line of at most 64 characters of a name, without control characters and marks that change the direction of text. */
export function nameOnOneLine(name: string): string {
  const head = name.slice(0, 4 * MOST_NAME_CHARACTERS);
  const line = head
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .trim();
  return Array.from(line).slice(0, MOST_NAME_CHARACTERS).join('').trim();
}

const GREY = '#5c5f66';

function readColor(color: unknown): string {
  if (typeof color !== 'string') return GREY;
  if (/^#[\da-f]{6}$/i.test(color)) return color.toLowerCase();
  const [, red = '', green = '', blue = ''] = /^#([\da-f])([\da-f])([\da-f])$/i.exec(color) ?? [];
  return red === '' ? GREY : `#${red}${red}${green}${green}${blue}${blue}`.toLowerCase();
}

/**
 * Chooses black or white text for a background, whichever has more contrast: at least 4.5 to 1.
 *
 * @param color The background, `#rrggbb`.
 */
export function inkOn(color: string): '#000000' | '#ffffff' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
    linear(Number.parseInt(color.slice(at, at + 2), 16)),
  );
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? '#000000' : '#ffffff';
}

/** One channel of sRGB as a share of light. */
function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
