import { describeValue } from '../term';
import { type Evaluate, isRecord, type Term } from './evaluation';
import { EXIT, type Call, type Expression } from './language';
import type { Operator } from './operator-shapes';

/** Operators whose operands are not just expressions that are evaluated first. */

/** `['const', x]` */
export const constant: Operator<(term: Expression) => Call> = {
  name: 'const',
  least: 1,
  most: 1,
  build: (term) => ['const', term],
  compile([term], place) {
    const quoted = place.quote(term);
    return () => quoted;
  },
};

/** `['object', { name: expression }]` */
export const objectOf: Operator<(properties: { readonly [name: string]: Expression }) => Call> = {
  name: 'object',
  least: 1,
  most: 1,
  build: (properties) => ['object', properties],
  compile([properties], place) {
    if (!isRecord(properties))
      return place.refuse(
        `'object' must get a plain object of expressions (got ${describeValue(properties)})`,
      );
    if (Object.getOwnPropertySymbols(properties).length > 0)
      return place.refuse("'object' cannot make a property named by a symbol");
    const names = Object.keys(properties);
    if (names.includes('__proto__')) place.refuse("'object' cannot make a property named __proto__");
    const evaluates = names.map((name) => place.compile(properties[name]));
    return build(names, evaluates, place.isGuard);
  },
};

function build(names: readonly string[], evaluates: readonly Evaluate[], isGuard: boolean): Evaluate {
  return (row, context) => {
    const object: { [name: string]: Term } = {};
    for (let i = 0; i < names.length; i += 1) {
      const value = evaluates[i](row, context);
      if (isGuard && value === EXIT) return EXIT;
      object[names[i]] = value;
    }
    return object;
  };
}
