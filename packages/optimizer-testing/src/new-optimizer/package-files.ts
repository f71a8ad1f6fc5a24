import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from './package-names.ts';

/** A folder that this package ships. */
export function shippedFolder(name: 'template' | 'python'): string {
  // From dist, or from src/new-optimizer.
  const candidates = ['..', '../..'].map((up) => fileURLToPath(new URL(`${up}/${name}/`, import.meta.url)));
  const found = candidates.find((folder) => existsSync(folder));
  if (found === undefined) throw new Error(`@steepest/optimizer-testing lacks its folder ${name}`);
  return found;
}

/**
 * The files of a template folder by their path in it, with every `__token__` replaced in names and texts. A manifest is
 * `package.template.json` there, since tools take a `package.json` for that of a package.
 *
 * @throws Error if a token has no value
 */
export function filledTemplate(folder: string, values: ReadonlyMap<string, string>): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile())
    .map((file): [string, string] => {
      const path = file
        .replaceAll('\\', '/')
        .replaceAll('__name__', values.get('name')!)
        .replace('.template.', '.');
      return [path, filled(readFileSync(join(folder, file), 'utf8'), values, path.endsWith('.json'))];
    });
  return new Map(files);
}

/** Template text with its `__tokens__` replaced; a token that is a whole string literal becomes a quoted one. */
function filled(text: string, values: ReadonlyMap<string, string>, isJson: boolean): string {
  const fill = (token: string): string => {
    const value = values.get(token);
    if (value === undefined) throw new Error(`the template has an unknown token __${token}__`);
    return isJson ? JSON.stringify(value).slice(1, -1) : value;
  };
  const quote = (value: string): string => `'${value.replaceAll(/[\\']/g, '\\$&')}'`;
  return text.replaceAll(/Number\('__(\w+?)__'\)|'__(\w+?)__'|__(\w+?)__/g, (_, number, literal, part) =>
    literal === undefined ? fill(number ?? part) : quote(fill(literal)),
  );
}

/** Writes files by path from a folder. @throws UsageError, and writes none, if one exists. */
export function writeFiles(files: ReadonlyMap<string, string>, folder: string): void {
  const existing = [...files.keys()].find((path) => existsSync(join(folder, path)));
  if (existing !== undefined) throw new UsageError(`${existing} exists already; nothing was changed`);
  for (const [path, text] of files) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text, { flag: 'wx' });
  }
}
