import 'reflect-metadata';
import { Injectable, Scope } from '@nestjs/common';
import { type EntityClass, type EntityOptions, normalEntityType, setEntityType } from '../../entities';

/**
 * Makes a class an entity type: of each key one object lives in the whole cluster at a time, on the node where it belongs. It is started by the
 * first call, found from every node, moved with its state when its node leaves, and ended when nobody has called it for a while. Decorate its
 * methods with `@HandleCall` and `@HandleCast`, and add the class to the providers of a module. Nodes without the class can call, too.
 *
 * The decorator makes the class a transient provider; it needs no `@Injectable`. Its hooks are those of `EntityLifecycle` and of every process
 * class: `onProcessStart({ key, state, cause, token })`, `onHandOver()`, `onMerge(other)`, `onProcessExit(reason)`.
 *
 * Among nodes that see each other at most one entity of a key lives. While the cluster is split, each side may have one; afterwards one of them
 * ends, and the other one gets its state by `onMerge`. With `guard: 'lease'` there is one in any case, and `onProcessStart` gets a fencing `token`. Mirrors a grain of Orleans and a sharded entity of Pekko.
 *
 * @param type The name of the type, the same on all nodes: 1 to 128 bytes.
 * @throws InvalidOptionError naming an option that is unknown or wrong.
 *
 * @example
 * ```ts
 * @Entity('document', { idleMs: 60_000 })
 * class Document {
 *   #text = '';
 *   onProcessStart({ state }: EntityStart<string, string>) { this.#text = state ?? ''; }
 *   @HandleCall() edit(text: string) { return (this.#text += text); }
 *   onHandOver() { return this.#text; }
 * }
 *
 * await entities.ref(Document, 'readme').call('edit', 'Hello');
 * ```
 */
export function Entity(type: string, options: EntityOptions = {}): (target: EntityClass) => void {
  const normal = normalEntityType(type, options);
  return (target) => {
    setEntityType(target, normal);
    Injectable({ scope: Scope.TRANSIENT })(target);
  };
}
