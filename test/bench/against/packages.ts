import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What a package-lock.json says of one directory. */
interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  /** Whether it is a workspace, to which node_modules only has a link. */
  readonly link?: boolean;
}

/** The part of a package-lock.json that is read here: what is where, by paths from the root. */
export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/** Reads the lock file of a project. */
export function readLock(project: string): Lock {
  return JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as Lock;
}

/** Whether two lock files lead to the same packages. The project's own version and its workspaces are not among them. */
export function samePackages(a: Lock, b: Lock): boolean {
  const [those, these] = [a, b].map(installed);
  return those.size === these.size && [...those].every(([path, what]) => these.get(path) === what);
}

function installed({ packages }: Lock): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(packages)
      .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
      .map(([path, { version, resolved, integrity }]) => [path, `${version} ${resolved} ${integrity}`]),
  );
}

/**
 * Gives a project the installed packages of another, without a copy: its node_modules has links to them. Workspaces lead to
 * the project's own sources, and what is hidden, such as `.cache`, stays with the other.
 */
export function linkPackages(from: string, to: string): void {
  const theirs = join(from, 'node_modules');
  const ours = join(to, 'node_modules');
  const workspaces = Object.entries(readLock(to).packages).filter(([, { link }]) => link === true);
  const paths = new Set(workspaces.map(([path]) => path));
  mkdirSync(ours);
  for (const name of readdirSync(theirs)) {
    if (!isHidden(name) && !paths.has(`node_modules/${name}`))
      symlinkSync(join(theirs, name), join(ours, name));
  }
  symlinkSync(join(theirs, '.bin'), join(ours, '.bin'));
  for (const [path, { resolved }] of workspaces) {
    const link = join(to, path);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), join(to, resolved!)), link);
  }
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}
