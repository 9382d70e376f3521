/** A person's mistake in what they hand to the command: a message for them, and no stack trace. */
export class UsageError extends Error {}
