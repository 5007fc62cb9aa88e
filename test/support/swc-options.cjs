/** How swc compiles TypeScript for tests: the same in jest and in the child processes that tests start. */
module.exports = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2022',
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
  // Beside the code: in its last line, a map makes a file three times as long for V8.
  sourceMaps: true,
};
