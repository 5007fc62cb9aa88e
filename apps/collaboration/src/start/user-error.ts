/** An error that the user can understand and mend. The application prints it as one line, without a stack. */
export class UserError extends Error {}
