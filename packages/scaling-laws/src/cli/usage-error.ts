/** A command line that asks for something that does not exist or cannot be read. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
