/** A run that cannot start or go on, with a message meant for the person at the terminal. */
export class RunError extends Error {
  override readonly name = 'RunError';
}
