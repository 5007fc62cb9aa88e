/**
 * The types of a scope's rows, by example: compiled by `npm run check:types` against the sources, by
 * `npm run check:published-types` against the published declarations, and never run. Each `@ts-expect-error` is a mistake that must
 * not compile.
 */
import type { InjectionToken } from '@nestjs/common';
import type { Observable } from 'rxjs';
import {
  defineScope,
  type ChangeEvent,
  type Entry,
  type Key,
  type MonitorEvent,
  type PgRegistryService,
  type Pid,
  type Registration,
  type RegistryOf,
  type Row,
  type ScopeDefinition,
  type ScopeEvent,
} from 'nestjs-pg-registry';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Compiles only if the two types are the same. */
function same<A, B>(answer: Same<A, B>): void {
  void answer;
}

interface Doc {
  title: string;
}
type DocKey = readonly ['doc', string];

const docs = defineScope<Row<DocKey, Doc> | Row<'leader', null> | Row<number, string | undefined>>({
  name: 'docs',
  keys: 'unique',
});

export function typedScope(registry: RegistryOf<typeof docs>, pid: Pid): void {
  // A key of the rows, with the value that belongs to it.
  const registration = registry.register(['doc', 'a'], { title: 'A' });
  same<typeof registration, Registration<readonly ['doc', 'a'], Doc>>(true);
  registration.update({ title: 'B' });
  registry.join(['doc', 'a'], [pid], { title: 'A' });
  registry.updateValue(['doc', 'a'], (old) => ({ title: old.title.toUpperCase() }));

  // A value may be left out where null is one.
  registry.register('leader');
  registry.register('leader', null);
  registry.join('leader', pid);

  // @ts-expect-error: not a key of the scope
  registry.register('follower');
  // @ts-expect-error: not a key of the scope either
  registry.register(['doc', 1], { title: 'A' });
  // @ts-expect-error: the value of another row
  registry.register(['doc', 'a'], null);
  // @ts-expect-error: a field is missing
  registry.register(['doc', 'a'], {});
  // @ts-expect-error: the value must not be left out
  registry.register(['doc', 'a']);
  // @ts-expect-error: undefined is no reason to leave it out, for null would be stored
  registry.register(7);
  // @ts-expect-error: wrong value for all pids
  registry.join(['doc', 'a'], [pid], 'A');
  // @ts-expect-error: wrong new value
  registry.updateValue('leader', 'me');
  // @ts-expect-error: the function gives a wrong value
  registry.updateValue(['doc', 'a'], (old) => old.title);
  // @ts-expect-error: wrong new value
  registration.update(null);
  // @ts-expect-error: not a key of the scope
  registry.unregister('follower');
}

export function typedReads(registry: RegistryOf<typeof docs>, pid: Pid): void {
  same<ReturnType<typeof registry.keys>, readonly (DocKey | 'leader' | number)[]>(true);
  same<ReturnType<typeof registry.groups>, readonly (DocKey | 'leader' | number)[]>(true);
  const titles: string[] = registry.lookup(['doc', 'a']).map((entry) => entry.value.title);
  const none: readonly null[] = registry.values('leader', pid);
  const texts: readonly (string | undefined)[] = registry.values(7);
  registry.dispatch(['doc', 'a'], (_pids, [entry]) =>
    titles.push(entry.value.title, String(none), String(texts)),
  );
  const waited: Promise<void> = registry.dispatch('leader', () => undefined, { parallel: true });
  void waited;
  // @ts-expect-error: without `parallel` there is nothing to wait for
  void registry.dispatch('leader', () => undefined).then;
  // @ts-expect-error: not a key of the scope
  registry.lookup('follower');
  // @ts-expect-error: the value of a document is not a string
  const wrong: readonly string[] = registry.values(['doc', 'a']);
  void wrong;
}

export function typedSubscriptions(registry: RegistryOf<typeof docs>): void {
  const events: Observable<MonitorEvent<readonly ['doc', 'a'], Doc>> = registry.monitor(['doc', 'a']);
  events.subscribe((event) => {
    if (event.type === 'update') for (const { old, value } of event.entries) void [old.title, value.title];
    else for (const { value } of event.entries) void value.title;
    // @ts-expect-error: only an update has old values
    void event.entries[0].old;
  });
  registry.monitorScope().subscribe((event) => {
    if (event.type !== 'join') return;
    if (event.key === 'leader') same<typeof event.entries, readonly Entry<'leader', null>[]>(true);
  });
  registry
    .watch('leader')
    .subscribe((entries) => same<typeof entries, readonly Entry<'leader', null>[]>(true));
  // @ts-expect-error: not a key of the scope
  registry.monitor('follower');
}

/** Without rows, any key goes with any value, and what is read is unknown. */
export function untypedScope(registry: PgRegistryService): void {
  registry.register(['any', { key: 1 }], new Date());
  registry.register('k');
  same<(typeof one)['value'], unknown>(true);
  const [one] = registry.lookup('k');
  const keys: readonly Key[] = registry.keys();
  void keys;
  const changes: Observable<MonitorEvent> = registry.monitor('k');
  const all: Observable<ScopeEvent> = registry.monitorScope();
  void [changes, all];
  // @ts-expect-error: a Map is no key
  registry.register(new Map());
  // @ts-expect-error: undefined is no key
  registry.lookup(undefined);
  // @ts-expect-error: what is read has to be looked at first
  void one.value.title;
}

/** Events can be handled without naming rows. */
export function handle(event: ChangeEvent): readonly Pid[] {
  return event.entries.map((entry) => entry.pid);
}

/** Listeners are named by whatever names a provider. */
export function listened(tokens: InjectionToken[]): ScopeDefinition {
  return defineScope({ name: 'docs', listeners: tokens });
}

// @ts-expect-error: not a key mode
defineScope({ name: 'docs', keys: 'single' });
// @ts-expect-error: not an option
defineScope({ name: 'docs', kees: 'unique' });
// @ts-expect-error: more than one partition
defineScope({ name: 'docs', partitions: 4 });
// @ts-expect-error: a name is needed
defineScope({ keys: 'unique' });
// @ts-expect-error: undefined is no key
type WrongRow = Row<undefined, 1>;
export type { WrongRow };
