import { blocksOf, pages } from '../../support/code-blocks';
import { NatsServer } from '../../support/nats-server';
import { exercises } from './exercises';
import { BlockHarness } from './block-harness';

/** Blocks that are files of an application or of this repository are run whole, by getting-started.spec.ts and e2e/examples. */
const blocks = pages()
  .flatMap(blocksOf)
  .filter(({ language, file, example }) => language === 'ts' && file === undefined && example === undefined);

test('every TypeScript block of the pages has an exercise, and every exercise has its block', () => {
  expect(Object.keys(exercises).toSorted()).toEqual(blocks.map(({ id }) => id).toSorted());
});

describe('running', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(blocks.map((block) => [block.id, block] as const))(
    'the code block %s does what its page says',
    async (id, block) => {
      const harness = new BlockHarness(block, server.url);
      try {
        await expect(exercises[id](harness)).resolves.toBeUndefined();
      } finally {
        await harness.close();
      }
    },
  );
});

const configurations = pages()
  .flatMap(blocksOf)
  .filter(({ language }) => language === 'conf');

test.each(configurations.map(({ id, code }) => [id, code]))(
  'nats-server starts with %s',
  async (_, config) => {
    const server = await NatsServer.start({ config });
    await server[Symbol.asyncDispose]();
    expect(server.log).toContain('Server is ready');
  },
);
