import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';

const root = fileURLToPath(new URL('../../', import.meta.url));
const standIns = new Map(
  ['fs', 'module', 'url'].map((name) => [
    `node:${name}`,
    join(root, 'tools', 'browser', 'node', `${name}.ts`),
  ]),
);

/** The bytes of a file, or the names of all files below a folder as JSON; undefined where there is none. */
function contentOf(path: string, kind: string | null): Uint8Array | string | undefined {
  // Vitest gives a test file the path that it has on this machine, and Vite one below the root.
  const place = path.startsWith(root) ? normalize(path) : join(root, path);
  if (relative(root, place).startsWith('..')) return undefined;
  const found = statSync(place, { throwIfNoEntry: false });
  if (kind === 'file') return found?.isFile() ? readFileSync(place) : undefined;
  if (!found?.isDirectory()) return undefined;
  const files = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return JSON.stringify(
    files.map((entry) => relative(place, join(entry.parentPath, entry.name)).replaceAll(sep, '/')),
  );
}

/** Gives tests in a browser what they use of Node: their fixtures, from this repository. */
export function nodeModules(): Plugin {
  return {
    name: 'steepest:node-modules',
    enforce: 'pre',
    resolveId: (id) => standIns.get(id),
    // Vite takes new URL('./fixtures/', import.meta.url) for a file to serve, and drops the slash.
    transform: (code, id) =>
      /\.test\.ts$/.test(id)
        ? code.replaceAll(/(?<=new URL\([^()]*, )import\.meta\.url/g, 'String($&)')
        : undefined,
    configureServer({ middlewares }) {
      middlewares.use('/@files', (request, response) => {
        const asked = new URL(request.url!, 'http://localhost').searchParams;
        const content = contentOf(asked.get('path') ?? '', asked.get('kind'));
        response.statusCode = content === undefined ? 404 : 200;
        response.end(content);
      });
    },
  };
}
