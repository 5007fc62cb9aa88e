import { EntityLeases } from '../../../libs/pg-registry/src/entities/entity-leases';
import { HostedType } from '../../../libs/pg-registry/src/entities/hosted-type';
import { ProcessService } from '../../../libs/pg-registry/src/process';
import { runEntitiesScenario } from './entities-scenario';

const FIXED_SEEDS = 12;
const RANDOM_SEEDS = 4;
const STEPS = 30;
/**
 * Of histories that have broken something: a node that was too late for a lease waited for its end; an entity that ended right after its move was
 * nowhere; and one did not move to a node where calls waited for its lease.
 */
const KNOWN_SEEDS = [1, 482, 5064, 5221];

jest.setTimeout(120_000);

/** Runs a history. @returns Its last log lines and how to run it again, or `''` if it broke nothing */
async function faultOf(seed: number): Promise<string> {
  const { violation, lines } = await runEntitiesScenario(seed, STEPS);
  if (violation === undefined) return '';
  return [...lines.slice(-60), `npm run simulate -- --entities --seed ${seed} --steps ${STEPS}`].join('\n');
}

describe('simulated histories of entities', () => {
  afterEach(() => jest.restoreAllMocks());

  it('break no invariant with the fixed seeds', async () => {
    for (let seed = 100; seed < 100 + FIXED_SEEDS; seed += 1) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await faultOf(seed)).toBe('');
    }
  });

  it.each(KNOWN_SEEDS)('break no invariant with the seed %i, which did', async (seed) => {
    expect(await faultOf(seed)).toBe('');
  });

  it('break no invariant with new random seeds', async () => {
    const first = Math.floor(Math.random() * 2 ** 30);
    for (let seed = first; seed < first + RANDOM_SEEDS; seed += 1) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await faultOf(seed)).toBe('');
    }
  });

  it('run the same every time', async () => {
    const [once, again] = [await runEntitiesScenario(7, STEPS), await runEntitiesScenario(7, STEPS)];
    expect(once.lines).toEqual(again.lines);
    expect(once.answered).toBeGreaterThan(0);
  });

  /** The first of some seeds whose history breaks an invariant, and the number of the invariant. */
  async function firstBroken(first: number, seeds: number): Promise<string | undefined> {
    for (let seed = first; seed < first + seeds; seed += 1) {
      // oxlint-disable-next-line no-await-in-loop
      const { violation } = await runEntitiesScenario(seed, STEPS);
      if (violation !== undefined) return violation;
    }
    return undefined;
  }

  it('break an invariant if an entity leaves its name before it has ended', async () => {
    jest.spyOn(ProcessService.prototype, 'closeProcess').mockResolvedValue();
    expect(await firstBroken(1, 10)).toMatch(/^[1368]: /);
  });

  it('break an invariant if a host forgets where an entity came from', async () => {
    jest.spyOn(HostedType.prototype, 'hasComeFrom').mockReturnValue(false);
    expect((await runEntitiesScenario(482, STEPS)).violation).toMatch(/^8: /);
  });

  it('break an invariant if a node believes that it has a lease which it has not', async () => {
    const { signal } = new AbortController();
    const claim = { held: true, token: 1, signal, release: () => undefined, releaseFor: () => undefined };
    jest.spyOn(EntityLeases.prototype, 'take').mockResolvedValue(claim as never);
    expect(await firstBroken(1, 30)).toMatch(/^[136]: /);
  });
});
