import type { PgRegistryService, ProcessService } from 'nestjs-pg-registry';
import type { BlockModule } from './block-module';
import type { Ground } from './ground';

/** Runs one block in the surroundings that its page describes, and checks what the page says of it. */
export type Exercise = (ground: Ground) => Promise<void>;

/** What a block exports that does something with a registry. */
export type RegistryFunctions = Readonly<
  Record<string, (registry: PgRegistryService, processes: ProcessService) => unknown>
>;

/** Calls a function of the block with a registry of its own; the lines that it prints are those in its comments. */
export async function printsWhatItPromises(ground: Ground, name: string): Promise<void> {
  const { registry, processes } = await ground.surround();
  const block = ground.run<RegistryFunctions>();
  await block.exports[name](registry, processes);
  expectPromised(block);
}

export function expectPromised(block: Pick<BlockModule, 'printed' | 'promised'>): void {
  expect(block.promised).not.toEqual([]);
  expect(block.printed).toEqual(block.promised);
}
