// Runs in the thread in which Node resolves modules, of a process that runs from bundled sources.

/** Addresses of sources, and of the bundled modules that stand for them. */
let bundled = new Map();
/** Addresses of modules of CommonJS, and the names that they export. */
let commonJs = new Map();

export function initialize(addresses) {
  bundled = new Map(addresses.bundled);
  commonJs = new Map(addresses.commonJs);
}

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const url = bundled.get(found.url);
  return url === undefined ? found : { ...found, url, format: 'module' };
}

/** Node reads all of a module of CommonJS for the names that it exports, which takes as long as running it; here they are known. */
export async function load(url, context, next) {
  const names = commonJs.get(url);
  if (names === undefined) return next(url, context);
  const source = `import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
const url$ = ${JSON.stringify(url)};
const exported$ = createRequire(url$)(fileURLToPath(url$));
export default exported$;
${names.map((name, index) => `const $${index} = exported$.${name};`).join('\n')}
export { ${names.map((name, index) => `$${index} as ${name}`).join(', ')} };
`;
  return { format: 'module', source, shortCircuit: true };
}
