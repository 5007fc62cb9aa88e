import { serve } from '../../support/fixture';
import { NodeProcess } from '../../support/node-process';

/** A process that starts another process. */
serve({
  start: async () => (await NodeProcess.start('e2e/support/probe.fixture.ts')).pid,
});
