import type { Entered, Stretch } from './coverage';
import type { Place, Sources } from './sources';

/** A function that is entered on a walk. */
export interface Visit extends Place {
  /** How often it is entered: the median of all the times that the walk was gone. */
  readonly invocations: number;
  /** In how many of these times it was entered at all. */
  readonly times: number;
}

/** What was counted on one walk. */
export interface Figure {
  readonly walk: string;
  /** How many times it was gone. */
  readonly times: number;
  /** How many functions are entered more times than not: what a timer happens to be up to leaves no trace. */
  readonly functions: number;
  readonly named: number;
  /** Closures without a name, each counted by its place. */
  readonly anonymous: number;
  readonly invocations: number;
  /** Classes of which the fields are initialised on the walk; not among the functions. */
  readonly initialisers: number;
  /** What was entered less often than that; not among the functions. */
  readonly strays: readonly Visit[];
  /** By the first folder of the file, in the order of the alphabet. */
  readonly folders: Readonly<Record<string, { readonly functions: number; readonly invocations: number }>>;
  /** In the order of the files. */
  readonly visits: readonly Visit[];
}

/** Makes the figure of a walk that was gone several times. */
export function figureOf(walk: string, stretches: readonly Stretch[], sources: Sources): Figure {
  const all = new Map<string, Entered>(stretches.flatMap((stretch) => [...stretch]));
  const visits: Visit[] = [];
  const strays: Visit[] = [];
  let initialisers = 0;
  for (const [id, entered] of all) {
    const place = sources.placeOf(entered);
    if (place === undefined) continue;
    const counts = stretches.map((stretch) => stretch.get(id)?.count ?? 0);
    const invocations = median(counts);
    const visit = { ...place, invocations, times: counts.filter((count) => count > 0).length };
    if (invocations === 0) strays.push(visit);
    else if (place.isInitialiser) initialisers += 1;
    else visits.push(visit);
  }
  visits.sort(byPlace);
  strays.sort(byPlace);
  const anonymous = visits.filter(({ name }) => name === '').length;
  return {
    walk,
    times: stretches.length,
    functions: visits.length,
    named: visits.length - anonymous,
    anonymous,
    invocations: visits.reduce((sum, { invocations }) => sum + invocations, 0),
    initialisers,
    strays,
    folders: foldersOf(visits),
    visits,
  };
}

function foldersOf(visits: readonly Visit[]): Figure['folders'] {
  const folders: Record<string, { functions: number; invocations: number }> = {};
  for (const { file, invocations } of visits) {
    const folder = (folders[file.split('/')[0]] ??= { functions: 0, invocations: 0 });
    folder.functions += 1;
    folder.invocations += invocations;
  }
  return folders;
}

function median(counts: readonly number[]): number {
  return counts.toSorted((a, b) => a - b)[counts.length >> 1];
}

function byPlace(a: Place, b: Place): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
