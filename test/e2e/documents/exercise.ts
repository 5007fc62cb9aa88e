import type { PgRegistryService, ProcessService } from 'nestjs-pg-registry';
import type { BlockModule } from './block-module';
import type { BlockHarness } from './block-harness';

/** Runs one block in the application that its page describes, and checks what the page says about it. */
export type Exercise = (harness: BlockHarness) => Promise<void>;

/** A function that a block exports and that uses a registry. */
export type RegistryFunctions = Readonly<
  Record<string, (registry: PgRegistryService, processes: ProcessService) => unknown>
>;

/** Calls a function of the block with a registry of its own; the lines that it prints are those in its comments. */
export async function printsWhatItPromises(harness: BlockHarness, name: string): Promise<void> {
  const { registry, processes } = await harness.surround();
  const block = harness.run<RegistryFunctions>();
  await block.exports[name](registry, processes);
  expectPromised(block);
}

export function expectPromised(block: Pick<BlockModule, 'printed' | 'promised'>): void {
  expect(block.promised).not.toEqual([]);
  expect(block.printed).toEqual(block.promised);
}
