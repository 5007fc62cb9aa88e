/**
 * Rules of this repository that no linter ships, for `.oxlintrc.json`. Each keeps one way of writing a thing.
 */

/**
 * Private members are `#name`: the language enforces them, also at run time and in JavaScript. `protected` stands only where a class of
 * a framework asks for it; classes of this repository are composed, not extended.
 */
const privateNames = {
  create: (context) => {
    const check = (node) => {
      const { accessibility } = node;
      if (accessibility === 'private' && node.kind !== 'constructor')
        context.report({ node, message: "Write '#name' instead of 'private'." });
      if (accessibility === 'protected' && !node.override)
        context.report({ node, message: "Compose classes instead of sharing members by 'protected'." });
    };
    return {
      PropertyDefinition: check,
      MethodDefinition: check,
      TSParameterProperty: check,
    };
  },
};

/** A count goes up by `+= 1`. `x++` stands only where its old value is used, `++x` nowhere. */
const increment = {
  create: (context) => ({
    UpdateExpression(node) {
      const { type, update } = node.parent;
      const isUsed = type !== 'ExpressionStatement' && !(type === 'ForStatement' && update === node);
      if (!isUsed || node.prefix)
        context.report({ node, message: "Write 'x += 1'; 'x++' is only for its old value." });
    },
  }),
};

const TAGGED = /@(?:param (?:\{[^}]*\} )?\S+|(?:returns|throws)(?: \{[^}]*\})?)\s+(?:- )?(\S)/g;

/** What follows `@param name`, `@returns` and `@throws` begins like a sentence. */
const tsdoc = {
  create: (context) => ({
    Program(node) {
      for (const comment of context.sourceCode.getAllComments()) {
        if (comment.type !== 'Block' || !comment.value.startsWith('*')) continue;
        for (const [text, first] of comment.value.matchAll(TAGGED)) {
          if (/[a-z-]/.test(first) || text.includes(' - '))
            context.report({ node: comment, message: `Begin like a sentence, without a dash: '${text}…'.` });
        }
      }
      return node;
    },
  }),
};

/** Every export has a doc comment. One is enough for the overloads of a function, and for a type and a value of one name. */
const documented = {
  create: (context) => ({
    Program(node) {
      const isDoc = ({ type, value }) => type === 'Block' && value.startsWith('*');
      const docs = context.sourceCode.getAllComments().filter(isDoc);
      const known = new Set();
      let [from] = node.range;
      for (const statement of node.body) {
        const [start, end] = (statement.declaration ?? statement).range;
        const names = namesOf(statement);
        if (docs.some(({ range }) => range[0] >= from && range[1] <= start))
          for (const name of names) known.add(name);
        for (const name of names)
          if (!known.has(name))
            context.report({ node: statement, message: `Say in a doc comment what '${name}' is.` });
        from = end;
      }
    },
  }),
};

/** The names of what a statement declares and exports. */
function namesOf({ type, declaration }) {
  if (type !== 'ExportNamedDeclaration' || declaration === null) return [];
  const declared = declaration.declarations ?? [declaration];
  return declared.map(({ id }) => id.name).filter((name) => name !== undefined);
}

const plugin = {
  meta: { name: 'house' },
  rules: { 'private-names': privateNames, increment, tsdoc, documented },
};
export default plugin;
