import {
  bytesKind,
  bytesOf,
  formatKey,
  InvalidArgumentError,
  isArray,
  isBytes,
  isDate,
  isMap,
  isPid,
  isSet,
  Pid,
  type Value,
} from '../term';

/** What JSON can say. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/** So deep may JSON be that somebody else sent. */
const MOST_DEPTH = 40;

/**
 * Returns a key or value as JSON. What JSON cannot say is an object with one property that begins with `$`: `{"$pid": "…"}`,
 * `{"$bigint": "1"}`, `{"$number": "NaN"}`, `{"$date": "…"}`, `{"$bytes": "base64"}`, `{"$map": [[key, value]]}`, `{"$set": […]}`,
 * `{"$undefined": true}`; `{"$object": {…}}` is an object that would look like one of these.
 *
 * @param mostChars Longer JSON is replaced by `{"$cut": "…"}`, its beginning as text.
 */
export function toJson(value: Value, mostChars = Infinity): Json {
  const room = new Room(mostChars);
  const json = jsonOf(value, room);
  const isCut = room.left < 0 || (mostChars !== Infinity && JSON.stringify(json).length > mostChars);
  return isCut ? { $cut: formatKey(value) } : json;
}

/** The characters that JSON may still have, at least: what peers registered may have hundreds of thousands of parts, and all but the first are cut. */
class Room {
  constructor(public left: number) {}

  /** Takes room for so many characters. @returns Whether there was some: otherwise nothing more need be read */
  take(chars: number): boolean {
    this.left -= chars;
    return this.left >= 0;
  }
}

function jsonOf(value: Value, room: Room): Json {
  if (!room.take(typeof value === 'string' ? value.length : 1)) return null;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'bigint':
      // Decimal digits take a second for half a megabyte, hexadecimal ones are shorter and cost nothing.
      return { $bigint: room.take(value.toString(16).length) ? String(value) : '' };
    case 'undefined':
      return { $undefined: true };
    default:
      return value === null ? null : objectJson(value, room);
  }
}

function objectJson(
  value: Exclude<Value, string | number | bigint | boolean | null | undefined>,
  room: Room,
): Json {
  if (isPid(value)) return { $pid: pidText(value) };
  if (isArray(value)) return listOf(value, room, (element) => jsonOf(element, room));
  if (isDate(value)) return { $date: Number.isNaN(value.getTime()) ? '' : value.toISOString() };
  if (isMap(value))
    return { $map: listOf(value, room, ([key, held]) => [jsonOf(key, room), jsonOf(held, room)]) };
  if (isSet(value)) return { $set: listOf(value, room, (held) => jsonOf(held, room)) };
  if (isBytes(value)) {
    const { byteLength } = value;
    return {
      $bytes: room.take(byteLength) ? Buffer.from(bytesOf(value)).toString('base64') : '',
      kind: bytesKind(value),
    };
  }
  const named = listOf(Object.keys(value), room, (name) => {
    room.take(name.length);
    return [name, jsonOf(value[name], room)] as const;
  });
  const object: Record<string, Json> = Object.fromEntries(named);
  return Object.keys(object).some((name) => name.startsWith('$')) ? { $object: object } : object;
}

/** The JSON of each part, as long as there is room. */
function listOf<T, J>(parts: Iterable<T>, room: Room, jsonOfPart: (part: T) => J): J[] {
  const list: J[] = [];
  for (const part of parts) {
    if (room.left < 0) break;
    list.push(jsonOfPart(part));
  }
  return list;
}

/**
 * Reads a key or value that {@link toJson} wrote, but for Maps and Sets: V8 can be made to fill one slowly. Bytes are read as a
 * `Uint8Array`.
 *
 * @throws InvalidArgumentError for what is none, and for JSON that is too deep.
 */
export function fromJson(json: unknown, depth = 0): Value {
  if (depth > MOST_DEPTH) throw new InvalidArgumentError(`JSON may have at most ${MOST_DEPTH} levels.`);
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
  if (json === null || json === undefined) return json;
  if (isJsonList(json)) return json.map((element) => fromJson(element, depth + 1));
  if (!isProperties(json)) throw new InvalidArgumentError('A key or value must be given as JSON.');
  const literal = literalOf(json);
  if (literal !== undefined) return literal.literal;
  const properties = isProperties(json['$object']) ? json['$object'] : json;
  return Object.fromEntries(
    Object.entries(properties).map(([name, held]) => [name, fromJson(held, depth + 1)]),
  );
}

/** What an object of JSON can stand for that is no object. */
export type SpecialLiteral = Pid | bigint | number | Date | Uint8Array<ArrayBuffer> | undefined;

/**
 * Returns what an object stands for that has one property with `$`; undefined if it stands for an object.
 *
 * @throws InvalidArgumentError if such a property is unknown, or has not its form.
 */
export function literalOf(
  json: Readonly<Record<string, unknown>>,
): { readonly literal: SpecialLiteral } | undefined {
  const [[name, held]] = [...Object.entries(json), ['', undefined] as const];
  if (!name.startsWith('$')) return undefined;
  switch (name) {
    case '$object':
      return undefined;
    case '$pid':
      return { literal: pidOf(held) };
    case '$bigint':
      return { literal: BigInt(textOf(held, /^-?\d{1,4000}$/, name)) };
    case '$number':
      return { literal: Number(textOf(held, /^(?:NaN|-?Infinity|-0)$/, name)) };
    case '$date':
      return { literal: new Date(held === '' ? NaN : textOf(held, /^[\dT:.Z+-]{1,40}$/, name)) };
    case '$bytes':
      return { literal: Uint8Array.from(Buffer.from(textOf(held, /^[\w+/=]*$/, name), 'base64')) };
    case '$undefined':
      return { literal: undefined };
    default:
      throw new InvalidArgumentError(
        `JSON for a key or value may not have the property '${name.slice(0, 20)}'.`,
      );
  }
}

/** A pid as text that {@link pidOf} reads: `node/incarnation/id`. */
export function pidText({ node, incarnation, id }: Pick<Pid, 'node' | 'incarnation' | 'id'>): string {
  return `${node}/${incarnation}/${id}`;
}

/** Reads a pid that {@link pidText} wrote. @throws InvalidArgumentError */
export function pidOf(text: unknown): Pid {
  const [, node = '', incarnation = '', id = ''] =
    /^(.{1,128})\/([0-9a-f]{16})\/(\d{1,16})$/s.exec(typeof text === 'string' ? text : '') ?? [];
  if (node === '') throw new InvalidArgumentError('A pid must be written as node/incarnation/id.');
  return new Pid(node, incarnation, Number(id));
}

/**
 * Reads a key as somebody types it: JSON if it is some, else the text itself. `doc` is a text, `["doc", "a"]` an array, `42` a number
 * and `"42"` a text.
 */
export function keyOfText(text: string): Json {
  try {
    const json: unknown = JSON.parse(text);
    return isJson(json) ? json : text;
  } catch {
    return text;
  }
}

/** Whether something is an object of properties, of which nothing is known. */
export function isProperties(x: unknown): x is Readonly<Record<string, unknown>> {
  return typeof x === 'object' && x !== null && !Array.isArray(x);
}

/** Whether something is JSON: what `JSON.parse` returns always is, up to its depth. */
export function isJson(x: unknown, depth = 0): x is Json {
  if (x === null || typeof x === 'string' || typeof x === 'boolean') return true;
  if (typeof x === 'number') return Number.isFinite(x);
  if (typeof x !== 'object' || depth > MOST_DEPTH) return false;
  return Object.values(x).every((inner) => inner === undefined || isJson(inner, depth + 1));
}

/** Whether something is a list, of which nothing is known. */
export function isJsonList(x: unknown): x is readonly unknown[] {
  return Array.isArray(x);
}

function textOf(x: unknown, form: RegExp, name: string): string {
  if (typeof x === 'string' && form.test(x)) return x;
  throw new InvalidArgumentError(`'${name}' in JSON does not have its form.`);
}

/** Facts as JSON: a copy, without what is undefined. */
export function asJson(facts: unknown): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what JSON is
  return JSON.parse(JSON.stringify(facts ?? null)) as Json;
}
