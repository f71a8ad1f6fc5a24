/** What came of trying one backend; tfjs uses it afterwards if it works. */
export type Attempt =
  | {
      readonly works: true;
      /** What runs the operations, for the one-line reason. */
      readonly description: string;
      /** Version of the package that is the backend. */
      readonly version: string;
      /** Why only an explicit choice takes it, as a clause without a full stop: such as a processor that poses as a GPU. */
      readonly passedOver?: string | undefined;
    }
  | {
      readonly works: false;
      /** Why not, as a clause without a full stop. */
      readonly reason: string;
      /** What the user can do about it, as a sentence; absent where the reason ends with it. */
      readonly remedy?: string | undefined;
    };

/** The version among a package's exports, whatever they call it. */
export function versionAmong(exports: Readonly<Record<string, unknown>>, ...keys: string[]): string {
  for (const key of keys) {
    const value = exports[key];
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null) {
      const nested = (value as Record<string, unknown>)[keys[0]!];
      if (typeof nested === 'string') return nested;
    }
  }
  return 'unknown';
}
