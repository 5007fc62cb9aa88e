import { OPERATORS } from './operators';

/** One builder for each operator, typed by its number of arguments. */
type Builders = { readonly [B in keyof typeof OPERATORS]: (typeof OPERATORS)[B]['build'] };

/**
 * A typed builder for every operator: `ms.gt($(0), 3)` is `['>', $(0), 3]`, ready for a guard or body.
 *
 * What each builds and does is listed once, in `operators.ts`, and side by side in the guide's page on queries.
 */
export const ms: Builders = Object.freeze(
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets the names
  Object.fromEntries(Object.entries(OPERATORS).map(([name, { build }]) => [name, build])) as Builders,
);
