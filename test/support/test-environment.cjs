/**
 * jest's environment for Node.js, which also ends the async contexts of a file: each AsyncLocalStorage that was ever run slows down every
 * later `await` of its process, and a worker runs many files whose nodes crash and so never dispose of theirs.
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');

const used = new Set();
// oxlint-disable-next-line typescript/unbound-method -- called with the storage that they are called on
const { run, enterWith } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function (...args) {
  used.add(this);
  return run.apply(this, args);
};
AsyncLocalStorage.prototype.enterWith = function (store) {
  used.add(this);
  return enterWith.call(this, store);
};

module.exports = class extends TestEnvironment {
  async teardown() {
    await super.teardown();
    for (const storage of used) storage.disable();
    used.clear();
  }
};
