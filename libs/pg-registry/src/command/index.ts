/**
 * command/: the command `nestjs-pg-registry`, for operators.
 *
 * `main` is run by Node.js and has the process: signals, streams, exit status. `command` reads the command line (`settings`), opens a `session`
 * with the broker, or with `--url` one with a page (`http/`), and runs a verb (`verbs/`), which asks the facts and writes to the `output`. `completion` writes scripts for shells.
 *
 * Promises: it is no node of the cluster and nobody's peer; it changes nothing but by the verbs `call` and `drain`, which nodes must allow. What
 * comes from nodes is escaped before it is written. May import: term, wire, observer, transport, transport/nats, node:util, node:fs,
 * node:crypto, node:http, node:https.
 */
export { runCommand } from './command';
export { openSession } from './open-session';
