/** The names of an object's properties, in order, and the index under which this frame knows them. */
export interface Shape {
  readonly names: readonly string[];
  /** Where this frame has written the names last; -1: it has not. */
  index: number;
  /** How often it may still be referred to there. */
  references: number;
  /** The shape that came next last time: a guess that is right for lists of objects, also of nested ones. */
  next: Shape | undefined;
}

/** A place in this frame where the names of a shape are. */
interface WrittenShape {
  readonly shape: Shape;
  /** Bytes written before them. */
  readonly at: number;
}

/** A step in the tree of names: a shape is the way from the root to its node. */
interface Node {
  shape: Shape | undefined;
  readonly children: Map<string, Node>;
}

/** Beyond this many names the tree is dropped at the next frame, or keys used as data would fill the memory. */
const MOST_NODES = 4096;

/** So many places of another frame may be left over. */
const MOST_KEPT = 64;

/** Finds the shape of an object that is being written, mostly by guessing right. */
export class ShapeTable {
  #root: Node = { shape: undefined, children: new Map() };
  #nodes = 0;
  /** Those of this frame are the first {@link #count}; those behind are left over from others. */
  readonly #written: WrittenShape[] = [];
  #count = 0;
  #last: Shape | undefined;

  /** The one Shape with these names in this order. */
  find(names: readonly string[]): Shape {
    const guess = this.#last?.next;
    const shape = guess !== undefined && sameNames(guess.names, names) ? guess : this.#search(names);
    if (this.#last !== undefined) this.#last.next = shape;
    this.#last = shape;
    return shape;
  }

  /** Gives the shape the next index of this frame. */
  written(shape: Shape, at: number): void {
    shape.index = this.#count;
    // Not emptied and pushed to: an emptied array takes new room for seventeen, and most items of a bundle write one shape.
    this.#written[this.#count] = { shape, at };
    this.#count += 1;
  }

  /** Forgets the indexes given out at `length` bytes and beyond. */
  truncate(length: number): void {
    while (this.#count > 0 && this.#written[this.#count - 1].at >= length) {
      this.#count -= 1;
      // If they were written before, too, they are written once more when they are needed.
      this.#written[this.#count].shape.index = -1;
    }
  }

  /** Begins a frame: no shape has an index, but the tree remains. */
  reset(): void {
    for (let index = 0; index < this.#count; index += 1) this.#written[index].shape.index = -1;
    this.#count = 0;
    if (this.#written.length > MOST_KEPT) this.#written.length = 0;
    if (this.#nodes <= MOST_NODES) return;
    this.#root = { shape: undefined, children: new Map() };
    this.#nodes = 0;
    this.#last = undefined;
  }

  #search(names: readonly string[]): Shape {
    let node = this.#root;
    for (const name of names) {
      let child = node.children.get(name);
      if (child === undefined) {
        child = { shape: undefined, children: new Map() };
        node.children.set(name, child);
        this.#nodes += 1;
      }
      node = child;
    }
    return (node.shape ??= { names, index: -1, references: 0, next: undefined });
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
