/** Bytes as people say them. */
export function bytes(of: number): string {
  if (of < 1000) return `${of} B`;
  const power = Math.min(4, Math.floor(Math.log10(of) / 3));
  return `${(of / 1000 ** power).toFixed(of < 10_000_000 ? 1 : 0)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

/** A time in milliseconds as people say it. */
export function duration(ms: number): string {
  if (ms < 0.01) return '';
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A count, with its thousands apart. */
export function count(of: number): string {
  return of.toLocaleString('en');
}

/** A part of 1 in percent. */
export function percent(part: number): string {
  return `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
}

/** Milliseconds since 1970 as the time of day. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** What somebody typed into a field of a form, without spaces around it. */
export function typed(form: FormData, field: string): string {
  const value = form.get(field);
  return typeof value === 'string' ? value.trim() : '';
}

/** JSON in one line. */
export function json(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

/** "1 entry", "2 entries". */
export function plural(of: number, one: string, many = `${one}s`): string {
  return `${count(of)} ${of === 1 ? one : many}`;
}
