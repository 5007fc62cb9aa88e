"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.probe = void 0;
exports.foo = foo;
exports.probe = 'x';
async function foo() { }
//# sourceMappingURL=index.js.map