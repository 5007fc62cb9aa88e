import type { SourceMap } from 'node:module';

/** Returns the map of a file that this process has compiled or loaded compiled. Undefined: there is none. */
export function sourceMapOf(filename: string): SourceMap | undefined;
