/** Returns the file that a module asks for. */
type Find = (request: string, parent: { readonly filename: string } | undefined) => string;

/** See resolved-packages.cjs. */
export declare function remembering(folder: string, find: Find): Find;
