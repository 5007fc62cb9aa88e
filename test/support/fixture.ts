/** What a test may ask a fixture to do, by name. */
export type Commands = Readonly<Record<string, (...args: never[]) => unknown>>;

/** A question to a fixture, and its answer. */
export interface Question {
  readonly id: number;
  readonly command: string;
  readonly args: readonly unknown[];
}
export type Answer = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: { readonly name: string; readonly message: string; readonly code: unknown } }
);

/**
 * Makes this process do what the test that started it asks for (see `NodeProcess.ask`). It ends with its test.
 */
export function serve(commands: Commands): void {
  process.on('message', (question: Question) => void answer(commands, question));
  process.on('disconnect', () => process.exit());
  process.send!({ ready: true });
}

async function answer(commands: Commands, { id, command, args }: Question): Promise<void> {
  try {
    const run = commands[command];
    if (run === undefined) throw new Error(`This fixture has no command '${command}'.`);
    const result: unknown = await Reflect.apply(run, undefined, args);
    process.send!({ id, result });
  } catch (error) {
    process.send!({ id, error: describeError(error) });
  }
}

function describeError(error: unknown): { name: string; message: string; code: unknown } {
  if (!(error instanceof Error)) return { name: 'thrown', message: String(error), code: undefined };
  const code: unknown = Reflect.get(error, 'code');
  return { name: error.name, message: error.message, code };
}
