/**
 * Loads what an optional peer dependency is for.
 *
 * @param name The package.
 * @param load Requires the package itself, or a module of this library that does.
 * @returns Undefined where the package is not installed. Whatever else goes wrong is thrown: it is nobody's wish.
 */
export function whenInstalled<T>(name: string, load: () => T): T | undefined {
  try {
    return load();
  } catch (error) {
    if (isMissing(error, name)) return undefined;
    throw error;
  }
}

/** Node.js puts the name into quotes, Yarn's Plug'n'Play between blanks. In paths, as a part of them, it proves nothing. */
function isMissing(error: unknown, name: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'MODULE_NOT_FOUND' &&
    error.message.split(/[\s'"]/).includes(name)
  );
}
