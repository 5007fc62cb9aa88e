/** A screen of the page and what it shows, as the address says behind `#`: `#entries?scope=pg`. */
export interface Place {
  readonly screen: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Returns where an address leads. */
export function placeOf(hash: string): Place {
  const [screen, query = ''] = splitOnce(hash.replace(/^#/, ''));
  return {
    screen: screen === '' ? 'cluster' : screen,
    parameters: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Returns the address of a screen. Empty parameters are left out. */
export function linkTo(
  screen: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') query.set(name, value);
  const text = query.toString();
  return text === '' ? `#${screen}` : `#${screen}?${text}`;
}

/** Goes to a screen, without a step back to the present one. */
export function replacePlace(screen: string, parameters: Readonly<Record<string, string | undefined>>): void {
  location.replace(linkTo(screen, parameters));
}

function splitOnce(text: string): string[] {
  const at = text.indexOf('?');
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
