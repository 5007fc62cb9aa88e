import { type Profiler, Session } from 'node:inspector';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What is counted: every module below. */
export const LIBRARY = join(__dirname, '..', '..', 'libs', 'pg-registry', 'src');

const URL_OF_LIBRARY = `${pathToFileURL(LIBRARY).href}/`;
/** A function as V8 knows it, and how often it was entered. */
export interface Entered {
  readonly scriptId: string;
  /** The module's. */
  readonly url: string;
  /** As V8 infers it; empty if there is none. */
  readonly name: string;
  /** Where it begins in the compiled module. */
  readonly offset: number;
  readonly count: number;
}

/** The functions of the library that were entered in a stretch of time, each under a name of its own. */
export type Stretch = ReadonlyMap<string, Entered>;

/**
 * Counts how often the functions of the library are entered, by V8's precise coverage: it runs no optimised code, so that
 * nothing is inlined, and forgets the counts whenever they are read. The counters are the thread's: what belongs to one
 * operation is what was counted from its beginning to its end, if nothing else ran meanwhile.
 */
export class Coverage {
  readonly #session = new Session();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  }

  /** A stretch begins: what was counted before is forgotten. */
  begin(): void {
    this.#take();
  }

  /** The stretch ends in this very moment, also for functions that are still running. */
  end(): Stretch {
    const stretch = new Map<string, Entered>();
    for (const { scriptId, url, functions } of this.#take()) {
      if (!url.startsWith(URL_OF_LIBRARY)) continue;
      for (const { functionName: name, ranges } of functions) {
        const [{ startOffset: offset, endOffset, count }] = ranges;
        // Several closures of one function are one function.
        if (count > 0)
          stretch.set(`${scriptId} ${offset} ${endOffset}`, { scriptId, url, name, offset, count });
      }
    }
    return stretch;
  }

  /** The text of a module as it was compiled. Only when everything was counted: it turns the debugger on. */
  textOf(scriptId: string): string {
    let text = '';
    this.#session.post('Debugger.enable');
    this.#session.post('Debugger.getScriptSource', { scriptId }, (error, found) => {
      if (error !== null) throw error;
      text = found.scriptSource;
    });
    return text;
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // The inspector of one's own thread answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, found) => {
      if (error !== null) throw error;
      taken = found.result;
    });
    return taken;
  }
}
