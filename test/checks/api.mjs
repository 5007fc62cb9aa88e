/**
 * `npm run check:api`: the public surface is what was reviewed, and documented. What each entry point exports, with the types of
 * everything, is compared with the report in etc/ (API Extractor writes and compares it); TypeDoc, as typedoc.json configures it,
 * fails for an export or member without a doc comment and for a link that leads nowhere.
 *
 * `npm run check:api -- --accept` writes the reports anew: the difference is then reviewed with the commit.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel as Level } from '@microsoft/api-extractor';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const library = join(root, 'libs', 'pg-registry');
/** Not below node_modules: API Extractor takes nothing there for ours. */
const folder = join(root, 'dist', 'declarations');
const reports = join(root, 'etc');
const accept = process.argv.includes('--accept');

const ENTRIES = [
  // What its declarations refer to without exporting it, base classes for instance, is part of what users see.
  { name: 'nestjs-pg-registry', file: 'index', includeForgottenExports: true },
  // What these refer to is in the first report.
  { name: 'testing', file: 'testing/index', includeForgottenExports: false },
  { name: 'microservice', file: 'microservice/index', includeForgottenExports: false },
  { name: 'observer', file: 'observer-page/index', includeForgottenExports: false },
];

const documented = node('node_modules/typedoc/bin/typedoc', '--emit', 'none');
rmSync(folder, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const declared = await node(
  'node_modules/typescript-7/bin/tsc',
  '-p',
  join(library, 'tsconfig.lib.json'),
  '--emitDeclarationOnly',
  '--sourceMap',
  'false',
  '--inlineSources',
  'false',
  '--outDir',
  join(folder, 'src'),
);
const unreviewed = declared.ok ? ENTRIES.filter((entry) => differs(entry)) : [];
const documentation = await documented;

if (!declared.ok) console.error(declared.output);
if (!documentation.ok) console.error(documentation.output);
for (const { name } of unreviewed) {
  const now = relative(root, join(folder, 'reports', `${name}.api.md`));
  console.error(
    `The public surface differs from etc/${name}.api.md: git diff --no-index etc/${name}.api.md ${now}\n` +
      'If that is meant: npm run check:api -- --accept, and commit the report with the change.',
  );
}
process.exitCode = declared.ok && documentation.ok && unreviewed.length === 0 ? 0 : 1;

/** Whether the surface of an entry point is another one than its report says. */
function differs({ name, file, includeForgottenExports }) {
  const entry = join(folder, 'src', `${file}.d.ts`);
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const silent = { default: { logLevel: Level.None } };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      compiler: {
        overrideTsconfig: {
          compilerOptions: { ...compilerOptions, types: ['node'], paths: {} },
          files: [entry],
        },
      },
      apiReport: {
        enabled: true,
        reportFolder: reports,
        reportTempFolder: join(folder, 'reports'),
        reportFileName: `${name}.api.md`,
        includeForgottenExports,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: Level.Error } },
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(library, 'package.json'),
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: accept,
    messageCallback: (message) => {
      // What it says of the report, this script says itself.
      if (message.logLevel !== Level.Error) message.handled = true;
    },
  });
  return errorCount > 0 || (apiReportChanged && !accept);
}

/** Runs a program of node_modules; resolves with whether it succeeded, and what it said. */
function node(...args) {
  const child = spawn(process.execPath, args, { cwd: root });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  }
  return new Promise((resolve) => {
    child.on('close', (status) => resolve({ ok: status === 0, output: said }));
  });
}
