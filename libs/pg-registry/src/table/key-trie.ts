import { keyToken, type Key, type KeyToken } from '../term';
import { hashToken, ShardedMap } from './sharded-map';

interface TrieNode<T> {
  value: T | undefined;
  children: ShardedMap<KeyToken, TrieNode<T>> | undefined;
}

/**
 * A Map from array keys, one level per element: looking up an array of primitives makes no string of it, and everything
 * below a prefix is found at the cost of the answer. Measured for two elements: 40 ns, by a token of the whole key 225 ns.
 */
export class KeyTrie<T> {
  private readonly root: TrieNode<T> = { value: undefined, children: undefined };

  get(key: readonly Key[]): T | undefined {
    return this.find(key)?.value;
  }

  set(key: readonly Key[], value: T): void {
    let node = this.root;
    for (const element of key) {
      node.children ??= new ShardedMap(hashToken);
      const token = tokenOf(element);
      let child = node.children.get(token);
      if (child === undefined) {
        child = { value: undefined, children: undefined };
        node.children.set(token, child);
      }
      node = child;
    }
    node.value = value;
  }

  /** Removes a key that is present, and every level that only led to it. */
  delete(key: readonly Key[]): void {
    this.deleteBelow(this.root, key, 0);
  }

  /** The values of all keys that begin with the elements of `prefix`, that key itself included. Cost: the answer. */
  below(prefix: readonly Key[]): T[] {
    const found: T[] = [];
    const start = this.find(prefix);
    if (start !== undefined) collect(start, found);
    return found;
  }

  private find(key: readonly Key[]): TrieNode<T> | undefined {
    let node: TrieNode<T> | undefined = this.root;
    for (let at = 0; at < key.length && node !== undefined; at += 1)
      node = node.children?.get(tokenOf(key[at]));
    return node;
  }

  private deleteBelow(node: TrieNode<T>, key: readonly Key[], depth: number): void {
    if (depth === key.length) {
      node.value = undefined;
      return;
    }
    const token = tokenOf(key[depth]);
    const child = node.children?.get(token);
    if (child === undefined) return;
    this.deleteBelow(child, key, depth + 1);
    if (child.value !== undefined || child.children !== undefined) return;
    node.children!.delete(token);
    if (node.children!.size === 0) node.children = undefined;
  }
}

/** `keyToken` without the call for primitives: in normal form, none of them is the token of anything else. */
export function tokenOf(element: Key): KeyToken {
  return typeof element === 'object' && element !== null ? keyToken(element) : element;
}

function collect<T>(node: TrieNode<T>, into: T[]): void {
  if (node.value !== undefined) into.push(node.value);
  if (node.children !== undefined) for (const child of node.children.values()) collect(child, into);
}
