/** A run that cannot start, continue or be read, with a message meant for the person at the terminal. */
export class RunError extends Error {
  override readonly name = 'RunError';
}
