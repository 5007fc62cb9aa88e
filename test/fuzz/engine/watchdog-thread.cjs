/**
 * The thread of `watchdog.ts`: it goes on while the main thread is busy. When one input has run for too long, it saves the input and ends the
 * Node.js process, because nothing else can stop a loop that does not end.
 */
const { mkdirSync, writeFileSync, writeSync } = require('node:fs');
const path = require('node:path');
const { workerData } = require('node:worker_threads');

const { state, text, mostMs, folder } = workerData;
const [turn, length] = [0, 1];
let [seen, seenAt] = [-1, Date.now()];

setInterval(() => {
  const now = Atomics.load(state, turn);
  if (now !== seen) [seen, seenAt] = [now, Date.now()];
  if (now % 2 === 0 || Date.now() - seenAt < mostMs) return;
  const { target, input } = JSON.parse(Buffer.from(text.slice(0, Atomics.load(state, length))).toString());
  const fault = `Fault: did not end within ${mostMs} ms`;
  const file = path.join(folder, 'findings', `${target}-endless.json`);
  mkdirSync(path.join(folder, 'findings'), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ target, fault, input: JSON.parse(input) }, undefined, 2)}\n`);
  writeSync(1, `\nFOUND by '${target}': ${fault}\nAgain: npm run fuzz -- --replay ${file}\n`);
  process.kill(process.pid, 'SIGKILL');
}, 500);
