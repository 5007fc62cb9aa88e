import type { PgRegistryNode } from '../node';
import { formatKey, type Key, sameKey, sameValue, type Value } from '../term';

/** An entry as one node sees it. */
export interface SeenEntry {
  readonly id: string;
  readonly key: Key;
  readonly value: Value;
  /** Its index among the entries of its owner under its key. */
  readonly place: number;
}

/** What one node knows of one scope at one moment: entries by id, by the incarnation of their owner. */
export type ScopeView = ReadonlyMap<string, ReadonlyMap<string, SeenEntry>>;

/** Reads what a node knows of a scope. Visits every entry of the scope. */
export function scopeView(node: PgRegistryNode, scope: string): ScopeView {
  const view = new Map<string, Map<string, SeenEntry>>();
  const places = new Map<string, number>();
  const registry = node.scope(scope);
  registry
    .monitorScope()
    .subscribe((event) => {
      if (event.type !== 'snapshot') return;
      for (const entries of event.groups.values()) {
        places.clear();
        for (const { id, key, pid, value } of entries) {
          const place = places.get(pid.incarnation) ?? 0;
          places.set(pid.incarnation, place + 1);
          let owned = view.get(pid.incarnation);
          if (owned === undefined) view.set(pid.incarnation, (owned = new Map<string, SeenEntry>()));
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is stored is in normal form
          owned.set(id, { id, key, value: value as Value, place });
        }
      }
    })
    .unsubscribe();
  return view;
}

/** Compares a node's own entries with what another node sees of them. Describes both sides of each difference. */
export function* entryDifferences(
  own: ReadonlyMap<string, SeenEntry> = new Map(),
  seen: ReadonlyMap<string, SeenEntry> = new Map(),
): Generator<{ readonly key: Key; readonly own: string; readonly seen: string }> {
  for (const entry of own.values()) {
    const other = seen.get(entry.id);
    if (other === undefined || !sameEntry(entry, other))
      yield { key: entry.key, own: text(entry), seen: text(other) };
  }
  for (const entry of seen.values())
    if (!own.has(entry.id)) yield { key: entry.key, own: text(undefined), seen: text(entry) };
}

function sameEntry(a: SeenEntry, b: SeenEntry): boolean {
  return a.place === b.place && sameKey(a.key, b.key) && sameValue(a.value, b.value);
}

function text(entry: SeenEntry | undefined): string {
  return entry === undefined ? 'nothing' : `${formatKey(entry.value)} (entry ${entry.place + 1})`;
}
