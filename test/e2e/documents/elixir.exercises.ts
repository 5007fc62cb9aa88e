import type { Type } from '@nestjs/common';
import type { PgRegistryService, ProcessService } from 'nestjs-pg-registry';
import { type Exercise, expectPromised, printsWhatItPromises, type RegistryFunctions } from './exercise';

const PAGE = 'docs/guide/migrating-from-elixir.md';

/** The blocks of the page for Elixir developers. */
export const elixirExercises: Readonly<Record<string, Exercise>> = {
  [`${PAGE}#the-supervisors-child-becomes-a-scope`]: async (harness) => {
    const { AppModule, Audit, Sessions } = harness.run<{
      AppModule: Type;
      Audit: Type<{ lines: string[] }>;
      Sessions: Type<{ registry: PgRegistryService }>;
    }>().exports;
    const app = await harness.start(AppModule);
    const { registry } = app.get(Sessions);
    expect(registry.keysMode).toBe('unique');
    registry.register('ada', 1);
    expect(app.get(Audit).lines).toEqual(['ada registered with 1']);
  },

  [`${PAGE}#via--becomes-via`]: async (harness) => {
    const block = harness.run<{ Room: Type; rooms(processes: ProcessService): Promise<void> }>();
    const { processes, registry } = await harness.surround(
      { providers: [block.exports.Room] },
      { name: 'rooms', keys: 'unique' },
    );
    await block.exports.rooms(processes);
    expectPromised(block);
    expect(registry.count()).toBe(0);
  },

  [`${PAGE}#register-keys-values-update_value`]: (harness) => printsWhatItPromises(harness, 'entries'),
  [`${PAGE}#select-and-match-specs`]: (harness) => printsWhatItPromises(harness, 'documents'),
  [`${PAGE}#dispatch`]: (harness) => printsWhatItPromises(harness, 'publish'),

  [`${PAGE}#monitors-become-observables`]: async (harness) => {
    const { registry, processes } = await harness.surround();
    const block = harness.run<RegistryFunctions>();
    await block.exports.follow(registry, processes);
    expect(block.printed).toEqual(['snapshot 0', 'join 1', 'normal', 'leave 1']);
  },
};
