import type { Type } from '@nestjs/common';
import type { PgRegistryService, ProcessService } from 'nestjs-pg-registry';
import { type Exercise, expectPromised, printsWhatItPromises, type RegistryFunctions } from './exercise';

const PAGE = 'docs/guide/migrating-from-elixir.md';

/** The blocks of the page for Elixir people. */
export const elixirExercises: Readonly<Record<string, Exercise>> = {
  [`${PAGE}#the-supervisors-child-becomes-a-scope`]: async (ground) => {
    const { AppModule, Audit, Sessions } = ground.run<{
      AppModule: Type;
      Audit: Type<{ lines: string[] }>;
      Sessions: Type<{ registry: PgRegistryService }>;
    }>().exports;
    const app = await ground.start(AppModule);
    const { registry } = app.get(Sessions);
    expect(registry.keysMode).toBe('unique');
    registry.register('ada', 1);
    expect(app.get(Audit).lines).toEqual(['ada registered with 1']);
  },

  [`${PAGE}#via--becomes-via`]: async (ground) => {
    const block = ground.run<{ Room: Type; rooms(processes: ProcessService): Promise<void> }>();
    const { processes, registry } = await ground.surround(
      { providers: [block.exports.Room] },
      { name: 'rooms', keys: 'unique' },
    );
    await block.exports.rooms(processes);
    expectPromised(block);
    expect(registry.count()).toBe(0);
  },

  [`${PAGE}#register-keys-values-update_value`]: (ground) => printsWhatItPromises(ground, 'entries'),
  [`${PAGE}#select-and-match-specs`]: (ground) => printsWhatItPromises(ground, 'documents'),
  [`${PAGE}#dispatch`]: (ground) => printsWhatItPromises(ground, 'publish'),

  [`${PAGE}#monitors-become-observables`]: async (ground) => {
    const { registry, processes } = await ground.surround();
    const block = ground.run<RegistryFunctions>();
    await block.exports.follow(registry, processes);
    expect(block.printed).toEqual(['snapshot 0', 'join 1', 'normal', 'leave 1']);
  },
};
