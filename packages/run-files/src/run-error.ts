/** A run that cannot start, continue or be read, with a message meant for the person at the terminal. */
export class RunError extends Error {
  override readonly name = 'RunError';
  /** The system's code, such as `ENOSPC`, where an operation on a file failed. */
  readonly code: string | undefined;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = (options?.cause as { readonly code?: string } | undefined)?.code;
  }
}
