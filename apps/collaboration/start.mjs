/** `npm run collaboration`: installs packages if there are none, builds the library, the application and its page if their sources are newer than what was built, then runs the application. */
import { buildWhatIsOlder, LIBRARY } from '../build.mjs';

await buildWhatIsOlder([
  LIBRARY,
  { name: 'collaboration', sources: 'apps/collaboration/src', built: 'dist/apps/collaboration/main.js' },
  // After the application, because building that empties the directory.
  {
    name: 'page',
    sources: 'apps/collaboration/page',
    built: 'dist/apps/collaboration/page/index.html',
    script: 'apps/collaboration/page/build.mjs',
  },
]);
// In this process, so that signals reach the application.
await import(new URL('../../dist/apps/collaboration/main.js', import.meta.url));
