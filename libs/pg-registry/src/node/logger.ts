import { messageOfThrown, nameOfThrown, printable, stackOfThrown } from '../term';

/** Where a node writes its log. Nest's `Logger` satisfies it. */
export interface NodeLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string, stack?: string): void;
}

/** The kinds of lines in a node's log, from the least important one: what happens in the cluster, what needs a look, what failed. */
export const LOG_LEVELS: readonly LogLevel[] = ['log', 'warn', 'error'];

/** How important a line of the log is. */
export type LogLevel = 'log' | 'warn' | 'error';

/** The context of this library's log lines. Lines about a scope append a colon and the scope's name. */
export const LOG_CONTEXT = 'PgRegistry';

/** A log for nodes outside of Nest: warnings and errors to stderr, nothing else. */
export const stderrLogger: NodeLogger = {
  log: () => undefined,
  warn: (message) => console.warn(`[${LOG_CONTEXT}] ${message}`),
  error: (message, stack) => console.error(`[${LOG_CONTEXT}] ${message}${stack ? `\n${stack}` : ''}`),
};

/**
 * A log that also takes what was thrown. Names, messages and whatever else peers choose end up in its lines, so each line is escaped and
 * cut here: a peer cannot make up lines, send codes to a terminal or fill a disk. Never throws.
 */
export class ErrorLog {
  readonly #logger: NodeLogger;
  readonly #least: LogLevel;

  /** @param least Less important lines are not written. */
  constructor(logger: NodeLogger, least: LogLevel = 'log') {
    this.#logger = logger;
    this.#least = least;
  }

  log(message: string): void {
    if (this.#least === 'log') this.#write(() => this.#logger.log(line(message, undefined)));
  }

  warn(message: string, error?: unknown): void {
    if (this.#least !== 'error') this.#write(() => this.#logger.warn(line(message, error)));
  }

  error(message: string, error?: unknown): void {
    this.#write(() => {
      const stack = printableStack(error);
      if (stack === '') this.#logger.error(line(message, error));
      else this.#logger.error(line(message, error), stack);
    });
  }

  /** A logger that throws must not end what had something to say. */
  #write(write: () => void): void {
    try {
      write();
    } catch {
      // Nobody is left to tell.
    }
  }
}

/** How many kinds of lines are remembered at most, because peers can make up kinds. */
const MAX_KINDS = 256;

/** How many lines of one kind that are about different things are written in an interval. */
const MOST_ABOUT = 10;

/**
 * Writes one line of a kind in each interval, and adds to the next one how many were left out. Lines of a kind may be about different
 * things, such as subjects: then one line about each is written, but at most {@link MOST_ABOUT} in each interval, because peers can make
 * them up.
 */
export class LimitedLog {
  readonly #kinds = new Map<string, { until: number; keptBack: number }>();
  /** What the lines of a kind were about in the present interval. */
  readonly #abouts = new Map<string, { until: number; readonly texts: Set<string> }>();

  readonly #log: ErrorLog;
  readonly #intervalMs: number;
  readonly #now: () => number;

  /**
   * @param intervalMs How long a kind is silent after a line.
   * @param now Milliseconds of a clock that never goes back.
   */
  constructor(log: ErrorLog, intervalMs: number, now: () => number) {
    this.#log = log;
    this.#intervalMs = intervalMs;
    this.#now = now;
  }

  /**
   * @param message A function makes it only if it is written: for what a peer can repeat a hundred thousand times a second.
   * @param about What the line is about, if lines of its kind may be about different things. A kind with it is one of a few that the code names.
   */
  warn(kind: string, message: string | (() => string), error?: unknown, about?: string): void {
    this.#pass(this.#kindOf(kind, about), (more) =>
      this.#log.warn((typeof message === 'string' ? message : message()) + more, error),
    );
  }

  /** @param about See {@link warn}. */
  error(kind: string, message: string, error?: unknown, about?: string): void {
    this.#pass(this.#kindOf(kind, about), (more) => this.#log.error(message + more, error));
  }

  /** The kind of a line that is about something: one of its own, as long as there are few. */
  #kindOf(kind: string, about: string | undefined): string {
    if (about === undefined) return kind;
    const now = this.#now();
    let abouts = this.#abouts.get(kind);
    if (abouts === undefined || now >= abouts.until)
      this.#abouts.set(kind, (abouts = { until: now + this.#intervalMs, texts: new Set() }));
    if (!abouts.texts.has(about)) {
      if (abouts.texts.size >= MOST_ABOUT - 1) return kind;
      abouts.texts.add(about);
    }
    return `${kind}: ${about}`;
  }

  #pass(kind: string, write: (more: string) => void): void {
    const now = this.#now();
    const known = this.#kinds.get(kind);
    if (known !== undefined && now < known.until) {
      known.keptBack += 1;
      return;
    }
    // Moved to the end, so that the kind that was written least recently is forgotten first.
    this.#kinds.delete(kind);
    this.#kinds.set(kind, { until: now + this.#intervalMs, keptBack: 0 });
    const [oldest] = this.#kinds.keys();
    if (this.#kinds.size > MAX_KINDS && oldest !== undefined) this.#kinds.delete(oldest);
    write(known?.keptBack ? ` (and ${known.keptBack} like it before)` : '');
  }
}

/** How many scopes' lines are counted at most: scopes may come and go for ever. */
const MAX_SCOPES = 1024;

/** One limited log for each scope; the one that was made first is forgotten first. */
export class ScopeLogs {
  readonly #logs = new Map<string, LimitedLog>();

  readonly #make: (scope: string) => LimitedLog;

  constructor(make: (scope: string) => LimitedLog) {
    this.#make = make;
  }

  of(scope: string): LimitedLog {
    let log = this.#logs.get(scope);
    if (log === undefined) {
      this.#logs.set(scope, (log = this.#make(scope)));
      const [oldest] = this.#logs.keys();
      if (this.#logs.size > MAX_SCOPES && oldest !== undefined) this.#logs.delete(oldest);
    }
    return log;
  }
}

function line(message: string, error: unknown): string {
  return printable(error === undefined ? message : `${message}: ${messageOfThrown(error)}`);
}

/** A line of a stack that names a place in the code. All others are the error's text, which may be a peer's. */
const PLACE = /^\s+at /;

/** Returns name, message and places of an error, one a line; empty if it has no stack. */
function printableStack(error: unknown): string {
  const stack = stackOfThrown(error);
  if (stack === '') return '';
  const head = printable(`${nameOfThrown(error)}: ${messageOfThrown(error)}`);
  const places = stack.split('\n').filter((each) => PLACE.test(each));
  return [head, ...places.map((place) => printable(place, 500))].join('\n');
}
