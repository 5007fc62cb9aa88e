import { type Result, short } from './result';

const WIDTH = 640;
const HEIGHT = 370;
const LEFT = 80;
const RIGHT = 48;
const TOP = 76;
const BOTTOM = 56;

const HERE = '#0a58ca';
const BASELINE = '#8a8a8a';

interface Dot {
  readonly at: number;
  readonly value: number;
}

/**
 * Draws the points of one growth curve and of its baseline, both axes logarithmic: what is flat stays flat, and of two lines
 * that are parallel the one grows like the other.
 */
export function drawCurve(title: string, measured: readonly Result[]): string {
  const points = measured.toSorted((a, b) => a.point!.at - b.point!.at);
  const here = points.map(({ value, point }) => ({ at: point!.at, value }));
  const baseline = points.flatMap(({ baseline: value, point }) =>
    value !== null && value > 0 ? [{ at: point!.at, value }] : [],
  );
  const all = [...here, ...baseline];
  const across = axis(
    all.map(({ at }) => at),
    LEFT,
    WIDTH - RIGHT,
  );
  const up = axis(
    all.map(({ value }) => value),
    HEIGHT - BOTTOM,
    TOP,
  );
  const drawLine = (dots: readonly Dot[], colour: string, above: boolean): string[] => {
    const places = dots.map(({ at, value }) => ({ x: across.place(at), y: up.place(value), value }));
    return [
      `<polyline points="${places.map(({ x, y }) => `${x},${y}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...places.map(
        ({ x, y, value }) =>
          `<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>` +
          `<text x="${x}" y="${above ? y - 9 : y + 18}" text-anchor="middle" fill="${colour}">${short(value)}</text>`,
      ),
    ];
  };
  // Figures stand on the outer sides of the two lines, where they do not cover each other.
  const isAbove = baseline.length === 0 || here.at(-1)!.value >= baseline.at(-1)!.value;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-size="15">${title}, ${points[0].unit}</text>`,
    `<text x="${LEFT}" y="44" fill="${HERE}">here</text>`,
    ...(baseline.length > 0
      ? [`<text x="${LEFT + 48}" y="44" fill="${BASELINE}">${points[0].point!.baseline ?? 'baseline'}</text>`]
      : []),
    ...up.ticks.map(
      (tick) =>
        `<path d="M${LEFT} ${up.place(tick)}H${WIDTH - RIGHT}" stroke="#ddd"/>` +
        `<text x="${LEFT - 8}" y="${up.place(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
    ...here.map(
      ({ at }) =>
        `<text x="${across.place(at)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${at.toLocaleString('en')}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${points[0].point!.along}</text>`,
    ...(baseline.length > 0 ? drawLine(baseline, BASELINE, !isAbove) : []),
    ...drawLine(here, HERE, isAbove),
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
