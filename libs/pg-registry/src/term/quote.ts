/** How a text that somebody else chose is shown: on one line, with nothing in it that a terminal would obey. */
const CUT = '…';

/** What breaks a line, cannot be seen, changes the direction of the text, or is half a character. */
const UNPRINTABLE =
  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The longest answer of {@link quoteText}, without its quotes. */
const LONGEST_QUOTE = 80;

/**
 * A text that somebody else chose, such as a name in a frame, in single quotes for a message: at most 80 characters, with control
 * characters and lone surrogates escaped.
 */
export function quoteText(text: string): string {
  return quote(text.length > LONGEST_QUOTE ? text.slice(0, LONGEST_QUOTE - 1) + CUT : text);
}

/** The longest answer of {@link printable} by default: room for a message with some names in it. */
const LONGEST_LINE = 2000;

/** A text on one line: control characters, line breaks and lone surrogates are escaped, and the rest beyond `longest` is cut off. */
export function printable(text: string, longest = LONGEST_LINE): string {
  const escaped = text.slice(0, longest).replaceAll(UNPRINTABLE, escapeUnit);
  return text.length > longest ? escaped + CUT : escaped;
}

/** In single quotes; JSON's escapes for what would break a line or could not be seen. */
export function quote(text: string): string {
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("'", String.raw`\'`);
  return `'${escaped.replaceAll(UNPRINTABLE, escapeUnit)}'`;
}

function escapeUnit(unit: string): string {
  if (unit === '\n') return String.raw`\n`;
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
