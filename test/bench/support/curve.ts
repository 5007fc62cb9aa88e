import { type Result, short } from './result';

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 80;
const RIGHT = 24;
const TOP = 48;
const BOTTOM = 56;

/** Draws the points of one growth curve, both axes logarithmic: what is flat stays flat, what is linear rises by a half turn. */
export function drawCurve(title: string, points: readonly Result[]): string {
  const xs = points.map(({ point }) => point!.at);
  const ys = points.map(({ value }) => value);
  const across = axis(xs, LEFT, WIDTH - RIGHT);
  const up = axis(ys, HEIGHT - BOTTOM, TOP);
  const dots = points.map(({ value, point }) => ({ x: across.place(point!.at), y: up.place(value), value }));
  const line = dots.map(({ x, y }) => `${x},${y}`).join(' ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-size="15">${title}, ${points[0].unit}</text>`,
    ...up.ticks.map(
      (tick) =>
        `<path d="M${LEFT} ${up.place(tick)}H${WIDTH - RIGHT}" stroke="#ddd"/>` +
        `<text x="${LEFT - 8}" y="${up.place(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
    ...xs.map(
      (x) =>
        `<text x="${across.place(x)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${short(x)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${points[0].point!.along}</text>`,
    `<polyline points="${line}" fill="none" stroke="#0a58ca" stroke-width="2"/>`,
    ...dots.map(
      ({ x, y, value }) =>
        `<circle cx="${x}" cy="${y}" r="4" fill="#0a58ca"/>` +
        `<text x="${x}" y="${y - 9}" text-anchor="middle" fill="#0a58ca">${short(value)}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

interface Axis {
  readonly ticks: readonly number[];
  place(figure: number): number;
}

/** A logarithmic axis over whole powers of ten. */
function axis(figures: readonly number[], from: number, to: number): Axis {
  const low = Math.floor(Math.log10(Math.min(...figures)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...figures))));
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
    place: (figure) => Math.round(from + ((Math.log10(figure) - low) / (high - low)) * (to - from)),
  };
}
