/** A package that may or may not be there: its exports, or why there are none. */
export type OptionalPackage =
  | { readonly found: true; readonly exports: Readonly<Record<string, unknown>> }
  | { readonly found: false; readonly reason: string };

/**
 * Loads a package that the application may have installed. The name is not a literal in the import, so bundlers
 * leave it alone.
 */
export async function loadOptionalPackage(name: string): Promise<OptionalPackage> {
  try {
    const exports = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
    // Of a CommonJS package, Node may know some exports only as properties of the default one.
    return { found: true, exports: { ...exports.default, ...exports } };
  } catch (error) {
    return { found: false, reason: whyNotLoaded(name, error) };
  }
}

/** "not installed" only if it is this package that was not found, and not something it needs itself. */
export function whyNotLoaded(name: string, error: unknown): string {
  const message = firstLine(error);
  const { code } = error as { code?: string };
  const missing =
    code === 'ERR_MODULE_NOT_FOUND' ||
    code === 'MODULE_NOT_FOUND' ||
    /Cannot find (package|module)/.test(message);
  if (missing && message.includes(`'${name}'`)) return `${name} is not installed`;
  return `${name} is installed but did not load (${message})`;
}

/** First line of an error's message. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!.trim();
}
