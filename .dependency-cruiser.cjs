/**
 * The table of rooms (docs/ARCHITECTURE.md), enforced: what is not listed here may not be imported.
 * Packages count as rooms: a framework in the core is the same offence as a room that reaches upwards.
 */
const SRC = 'libs/pg-registry/src';

/** room → what it may import: other rooms by name, single files of rooms by path, packages as `npm:name`, Node's own modules as `node:name`. */
const rooms = {
  term: [],
  match: ['term'],
  table: ['term', 'match'],
  wire: ['term'],
  cluster: ['term', 'table', 'wire'],
  replication: ['term', 'table', 'wire', 'cluster'],
  protocol: ['term', 'table', 'wire', 'cluster', 'replication'],
  names: ['term', 'table', 'wire', 'lifetime', 'scope', 'npm:rxjs'],
  'transport/secret': ['term', 'names/lease-store.ts', 'transport', 'node:crypto'],
  'transport/local': ['term', 'names/lease-store.ts', 'transport', 'transport/secret'],
  'transport/nats': [
    'term',
    'names/lease-store.ts',
    'transport',
    'transport/secret',
    'npm:nats',
    'npm:@nats-io/transport-node',
    'node:net',
    'node:crypto',
    'node:async_hooks',
    'node:diagnostics_channel',
  ],
  transport: ['term', 'names/lease-store.ts'],
  lifetime: ['term', 'node:async_hooks'],
  calls: ['term', 'wire', 'lifetime', 'npm:rxjs'],
  process: ['term', 'lifetime', 'calls', 'npm:rxjs'],
  scope: ['term', 'match', 'table', 'protocol', 'lifetime', 'calls', 'process', 'npm:rxjs'],
  entities: ['term', 'table', 'names', 'lifetime', 'calls', 'process', 'scope', 'npm:rxjs'],
  observer: [
    'term',
    'match',
    'table',
    'wire',
    'cluster',
    'names',
    'entities',
    'scope',
    'lifetime',
    'calls',
    'transport',
  ],
  node: [
    'term',
    'names',
    'entities',
    'observer',
    'scope',
    'wire',
    'cluster',
    'replication',
    'protocol',
    'lifetime',
    'calls',
    'process',
    'transport',
    'npm:rxjs',
    'node:crypto',
    'node:os',
    'node:perf_hooks',
    'node:v8',
  ],
  nest: [
    'term',
    'names',
    'node',
    'entities',
    'observer',
    'scope',
    'lifetime',
    'calls',
    'process',
    'microservice',
    'transport',
    'transport/local',
    'npm:rxjs',
    'npm:@nestjs/common',
    'npm:@nestjs/core',
    'npm:reflect-metadata',
    'npm:@opentelemetry/api',
    'node:async_hooks',
  ],
  command: [
    'term',
    'wire',
    'observer',
    'transport',
    'transport/nats',
    'node:util',
    'node:fs',
    'node:crypto',
    'node:http',
    'node:https',
  ],
  'observer-page': [
    'term',
    'node',
    'observer',
    'npm:@nestjs/common',
    'npm:@nestjs/core',
    'node:child_process',
    'node:http',
    'node:path',
  ],
  microservice: [
    'term',
    'node',
    'scope',
    'lifetime',
    'calls',
    'process',
    'npm:rxjs',
    'npm:@nestjs/common',
    'npm:@nestjs/microservices',
  ],
  testing: [
    'term',
    'node',
    'transport',
    'transport/local',
    'nest',
    'npm:rxjs',
    'npm:@nestjs/common',
    'npm:@nestjs/core',
  ],
};

/** Tests, and what only they use, may import anything. */
const TESTS = '\\.(spec|fixture)\\.ts$';

const nested = Object.keys(rooms).filter((room) => room.includes('/'));
/** `transport` itself is its own files, without the rooms inside it. */
const filesOf = (room) =>
  room === 'transport'
    ? `^${SRC}/transport/(?!${nested.map((n) => n.split('/')[1]).join('/|')}/)`
    : `^${SRC}/${room}/`;
const pattern = (allowed) =>
  allowed.startsWith('npm:')
    ? `node_modules/${allowed.slice(4)}/`
    : allowed.startsWith('node:')
      ? `^(node:)?${allowed.slice(5)}$`
      : allowed.endsWith('.ts')
        ? `^${SRC}/${allowed.replace('.', '\\.')}$`
        : filesOf(allowed);

module.exports = {
  forbidden: [
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `room-${room.replace('/', '-')}`,
      comment: `${room}/ may import only: ${allowed.join(', ') || 'nothing'} (docs/ARCHITECTURE.md)`,
      severity: 'error',
      from: { path: filesOf(room), pathNot: TESTS },
      to: { pathNot: [filesOf(room), ...allowed.map(pattern)] },
    })),
    {
      name: 'nothing-imports-the-index',
      comment: 'index.ts is for users; inside, import the room.',
      severity: 'error',
      from: { path: `^${SRC}/`, pathNot: TESTS },
      to: { path: `^${SRC}/index\\.ts$` },
    },
    {
      name: 'no-cycles',
      comment: 'Data flows one way, types included.',
      severity: 'error',
      from: { path: `^${SRC}/` },
      to: { circular: true },
    },
    {
      name: 'apps-use-the-package',
      comment: 'Applications import the library by its package name, as any user would.',
      severity: 'error',
      from: { path: '^apps/' },
      // tsconfig's `paths` lead the package name into the sources; that way is the package's.
      to: { path: `^${SRC}/`, dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'resolvable',
      comment: 'Every import resolves.',
      severity: 'error',
      from: { path: '^(apps|libs)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'types', 'default'],
    },
  },
};

// For the check that docs/ARCHITECTURE.md says the same; not enumerable, because dependency-cruiser refuses options that it does not know.
Object.defineProperty(module.exports, 'rooms', { value: rooms });
