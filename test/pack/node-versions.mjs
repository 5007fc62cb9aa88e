import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './process.mjs';

/** Versions of Node.js beside the one that runs: those with long-term support, and the newest. */
const VERSIONS = ['22', '24', 'latest'];

/**
 * Gets other versions of Node.js from the npm registry, whose package `node` holds the binaries.
 *
 * @param {string} folder Where to put them
 * @returns {{ asked: string, version?: string, binary?: string, reason?: string }[]} Each major version once, in rising order, without the one that
 *   runs; those that cannot be had here have a reason
 */
export function otherNodes(folder) {
  const own = majorOf(process.version);
  const nodes = VERSIONS.map((asked) => provide(folder, asked));
  return nodes.filter(
    ({ version }, index) =>
      version === undefined ||
      (majorOf(version) !== own &&
        nodes.findIndex((other) => other.version?.startsWith(`${majorOf(version)}.`)) === index),
  );
}

function provide(folder, asked) {
  const place = join(folder, `node-${asked}`);
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{ "private": true }');
  try {
    run(place, 'npm', 'install', '--no-audit', '--no-fund', `node@${asked}`);
    const binary = join(place, 'node_modules', 'node', 'bin', 'node');
    return { asked, version: run(place, binary, '--version').trim(), binary };
  } catch (error) {
    return { asked, reason: error.message.split('\n')[0] };
  }
}

function majorOf(version) {
  return version.split('.')[0];
}
