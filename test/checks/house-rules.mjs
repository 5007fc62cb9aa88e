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

const plugin = {
  meta: { name: 'house' },
  rules: { 'private-names': privateNames, increment, tsdoc },
};
export default plugin;
