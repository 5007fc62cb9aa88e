import { execFileSync } from 'node:child_process';
import type { NatsServer } from '../../support/nats-server';

/** Sets how large files may become that a server writes: with `0:unlimited` every write to one fails, as on a disk that is full or read-only. */
export function limitFileSize({ pid }: NatsServer, limits: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${limits}`]);
}
