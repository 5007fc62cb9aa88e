/** `npm start`: installs packages if there are none, builds the library and the demo if their sources are newer than what was built, then runs the demo. */
import { buildWhatIsOlder, LIBRARY } from '../build.mjs';

await buildWhatIsOlder([
  LIBRARY,
  { name: 'demo', sources: 'apps/demo/src', built: 'dist/apps/demo/main.js' },
]);
// In this process, so that signals reach the demo and `--json` has stdout for itself.
await import(new URL('../../dist/apps/demo/main.js', import.meta.url));
