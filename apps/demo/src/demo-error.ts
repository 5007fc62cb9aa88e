/** Something the user can understand and mend: printed as one line, without a stack. */
export class DemoError extends Error {}
