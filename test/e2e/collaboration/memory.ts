import { readFileSync } from 'node:fs';

/** How much memory processes take, in KB: now, and at most since they were started. From Linux. */
export function residentKb(...pids: readonly number[]): { readonly now: number; readonly most: number } {
  const all = pids.map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const sum = (field: string): number =>
    all.reduce((kb, status) => kb + Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]), 0);
  return { now: sum('VmRSS'), most: sum('VmHWM') };
}
