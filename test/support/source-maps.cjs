/**
 * Lines of the sources in the stacks of errors. A map is read when a stack is, which most processes never do: Node.js itself would parse the map of
 * each file that it loads, and pass the comment with the map to V8, which took a sixth of the time that a node needs to start.
 */
const { SourceMap } = require('node:module');

/** By file: its map, or what reads it. */
const maps = new Map();

/** Keeps where the map of a compiled file is. @param read Returns the map as JSON */
exports.keepSourceMap = (filename, read) => {
  maps.set(filename, read);
};

/** Returns the map of a compiled file. Undefined: it was not compiled. */
exports.sourceMapOf = (filename) => {
  const found = maps.get(filename);
  if (typeof found !== 'function') return found;
  const map = new SourceMap(JSON.parse(found()));
  maps.set(filename, map);
  return map;
};

Error.prepareStackTrace = (error, frames) =>
  [headOf(error), ...frames.map((frame) => `    at ${placeOf(frame)}`)].join('\n');

function headOf(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    // What a test throws may have getters that throw.
    return 'Error';
  }
}

function placeOf(frame) {
  const text = String(frame);
  const map = exports.sourceMapOf(frame.getFileName());
  if (map === undefined) return text;
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  const { originalLine, originalColumn } = map.findEntry(line - 1, column - 1);
  if (originalLine === undefined) return text;
  return text.replace(`:${line}:${column}`, `:${originalLine + 1}:${originalColumn + 1}`);
}
