/**
 * Protocol versions. A node speaks a range; two nodes talk in the highest version that both speak. A broadcast has one
 * version for all who hear it, so it is the highest that *every* accepted peer speaks, and a peer that would leave no
 * such version is refused like one with which we share no version. Present peers win: accepting a new
 * one must never cost a peer that is already there.
 */

/** The versions that a node speaks, both ends included. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** The versions that this implementation speaks. */
export const OWN_VERSIONS: VersionRange = Object.freeze({ min: 1, max: 3 });

/** The highest version in both ranges; `undefined` if there is none. */
export function commonVersion(a: VersionRange, b: VersionRange): number | undefined {
  const highest = Math.min(a.max, b.max);
  return highest >= Math.max(a.min, b.min) ? highest : undefined;
}

/** The versions that are in `own` and in every one of `peers`; broadcasts use the highest. There is none if `max` is less than `min`. */
export function spokenByAll(
  own: VersionRange,
  peers: Iterable<{ readonly versions: VersionRange }>,
): VersionRange {
  let { min, max } = own;
  for (const { versions } of peers) {
    min = Math.max(min, versions.min);
    max = Math.min(max, versions.max);
  }
  return { min, max };
}

/** `1–2`, or `1` if it is only one: for messages. */
export function formatVersions({ min, max }: VersionRange): string {
  return min === max ? String(min) : `${min}–${max}`;
}
