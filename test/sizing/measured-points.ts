import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Point } from './load';

/** Where the measured points are. */
export const POINTS_FILE = join(__dirname, 'points.json');

/** What was measured last, by `npm run measure:sizing`. */
export function readPoints(): readonly Point[] {
  return JSON.parse(readFileSync(POINTS_FILE, 'utf8')) as readonly Point[];
}
