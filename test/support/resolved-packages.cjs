/**
 * Where the files of packages are, kept from process to process: a node loads eight hundred of them, and to look for them in folders and package.json
 * files took a quarter of the time that it needs to start. What was found holds until npm installs anything.
 */
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const path = require('node:path');

/**
 * Returns a function that finds a file as `find` does, or as a process before did.
 *
 * @param folder The folder with the `node_modules` that count, and with the file of what was found.
 * @param find Finds what a module asks for. @returns The file
 */
exports.remembering = (folder, find) => {
  const installed = path.join(folder, 'node_modules') + path.sep;
  const file = path.join(installed, '.cache', 'pg-registry-test', 'resolved.json');
  const state = [folder, process.version, stampOf(path.join(installed, '.package-lock.json'))].join(' ');
  const found = read(file, state);
  let isWritten = true;

  /** Runs when the first file, and so what it loads, is there. Processes at the same time may lose each other's: the next ones find it again. */
  function write() {
    if (isWritten) return;
    isWritten = true;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(
      `${file}.${process.pid}`,
      JSON.stringify({ state, found: { ...read(file, state), ...found } }),
    );
    renameSync(`${file}.${process.pid}`, file);
  }

  return (request, parent, ...rest) => {
    if (request.startsWith('node:') || typeof parent?.filename !== 'string')
      return find(request, parent, ...rest);
    const from = `${path.dirname(parent.filename)} ${request}`;
    if (Object.hasOwn(found, from)) return found[from];
    const result = find(request, parent, ...rest);
    // Files of ours, and those of other folders, come and go: they are looked for each time.
    if (!result.startsWith(installed) || !parent.filename.startsWith(installed)) return result;
    found[from] = result;
    if (isWritten) setImmediate(write);
    isWritten = false;
    return result;
  };
};

function read(file, state) {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    return kept.state === state ? kept.found : {};
  } catch {
    return {};
  }
}

function stampOf(file) {
  try {
    return String(statSync(file).mtimeMs);
  } catch {
    return 'none';
  }
}
