/** An error that the user can understand and fix. The demo prints it as one line, without a stack. */
export class DemoError extends Error {}
