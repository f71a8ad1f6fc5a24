// Runs in the thread in which Node resolves modules, of a process that runs from bundled sources.

/** Addresses of sources, and of the bundled modules that stand for them. */
let bundled = new Map();

export function initialize(entries) {
  bundled = new Map(entries);
}

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const url = bundled.get(found.url);
  return url === undefined ? found : { ...found, url, format: 'module' };
}
