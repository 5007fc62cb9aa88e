/**
 * Loads an optional peer dependency.
 *
 * @param name The package.
 * @param load Requires the package itself, or a module of this library that requires it.
 * @returns Undefined if the package is not installed.
 * @throws Whatever else `load` throws: a broken installation must not look like a missing package.
 */
export function loadIfInstalled<T>(name: string, load: () => T): T | undefined {
  try {
    return load();
  } catch (error) {
    if (isMissing(error, name)) return undefined;
    throw error;
  }
}

/** Looks for the name as a word: Node.js puts it into quotes, Yarn's Plug'n'Play between blanks. As a part of a path it proves nothing. */
function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'MODULE_NOT_FOUND' &&
    error.message.split(/[\s'"]/).includes(name)
  );
}
