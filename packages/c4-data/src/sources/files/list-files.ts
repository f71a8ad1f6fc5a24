import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { printable } from '@steepest/run-files';
import type { SplitName } from '../document-source.ts';
import { formatOf, knownEndings } from './file-format.ts';

/** A file that a source reads, with what tells one version of it from another. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
}

/** A file of a folder that is not read, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** Words between separators in a name that say which part of a data set it is, as the hub's `datasets` library reads them. */
const parts = {
  train: /(^|[._\s-])train(ing)?([._\s-]|$)/i,
  validation: /(^|[._\s-])(valid(ation)?|val|dev)([._\s-]|$)/i,
  test: /(^|[._\s-])(test(ing)?|eval(uation)?)([._\s-]|$)/i,
} as const;

/** Why a file or folder in a folder is no part of a split; undefined where it is one. */
function reasonToSkip(entry: Dirent, split: SplitName): string | undefined {
  const { name } = entry;
  if (/^[._]/.test(name)) return 'a hidden file or a mark of a writer';
  const other = Object.entries(parts).find(([part, mark]) => part !== split && mark.test(name))?.[0];
  if (other !== undefined && !parts[split].test(name)) return `named after ${other}`;
  return undefined;
}

/** Walks a folder and those in it, in the order of names. */
async function* walk(
  folder: string,
  split: SplitName,
  skip: (path: string, reason: string) => void,
  visited: Set<string>,
): AsyncGenerator<string, void> {
  visited.add(await realpath(folder));
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const reason = reasonToSkip(entry, split);
    if (reason !== undefined) skip(path, reason);
    else if (entry.isDirectory() || (entry.isSymbolicLink() && (await stat(path)).isDirectory())) {
      if (visited.has(await realpath(path))) skip(path, 'a link to a folder that is read already');
      else yield* walk(path, split, skip, visited);
    } else if (formatOf(entry.name) === undefined) skip(path, 'another kind of file');
    else yield path;
  }
}

/** What two names of the same bytes have in common, by a link of either kind. */
export async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await stat(path);
  return ino === 0 ? path : `${dev} ${ino}`;
}

/**
 * Resolves files and folders to a list of files with documents: JSON lines and plain text, also compressed, and Parquet.
 *
 * A folder gives those in it and in its folders, in the order of their names, without hidden ones (`.part`, `_SUCCESS`) and those
 * named after another part of a data set (`c4-validation.00000-of-00008.json.gz` is no training file), and without plain text where
 * there are files of another kind, as a readme is. A file that is named itself is always taken.
 *
 * @param onSkipped called for every file or folder in a folder that is skipped
 * @throws if a path does not exist, cannot be read or is of another kind, a folder has no such file, or a file is named twice
 */
export async function listSourceFiles(
  paths: readonly string[],
  split: SplitName,
  onSkipped?: (skipped: SkippedFile) => void,
): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const seen = new Set<string>();
  const add = async (name: string) => {
    const real = await realpath(name);
    const info = await stat(real);
    checkKind(name, info);
    const identity = await identityOf(real);
    if (seen.has(identity)) throw new Error(`${printable(name)} is listed twice as a ${split} file`);
    seen.add(identity);
    // Caches keep files under names without an ending, and link to them by the name that says what they hold.
    const path = formatOf(real) === formatOf(name) ? real : resolve(name);
    files.push({ path, bytes: info.size, modified: info.mtimeMs });
  };
  for (const path of paths.map((given) => resolve(given))) {
    try {
      if ((await stat(path)).isDirectory()) await addFolder(path, split, add, onSkipped);
      else await add(path);
    } catch (cause) {
      const { code, message, path: at = path } = cause as NodeJS.ErrnoException;
      if (code === undefined) throw cause;
      const where = printable(at);
      throw new Error(
        code === 'ENOENT' ? `source file not found: ${where}` : `cannot read ${where}: ${message}`,
        {
          cause,
        },
      );
    }
  }
  return files;
}

async function addFolder(
  folder: string,
  split: SplitName,
  add: (path: string) => Promise<void>,
  onSkipped: ((skipped: SkippedFile) => void) | undefined,
): Promise<void> {
  const skipped: SkippedFile[] = [];
  const skip = (path: string, reason: string) => skipped.push({ path, reason });
  const found: string[] = [];
  for await (const path of walk(folder, split, skip, new Set())) found.push(path);
  const isText = (path: string) => formatOf(path)?.documents === 'text';
  // Beside JSON lines or Parquet a .txt is a readme or a license.
  const onlyText = found.every(isText);
  for (const path of found) {
    if (onlyText || !isText(path)) await add(path);
    else skip(path, 'plain text in a folder of JSON lines or Parquet');
  }
  for (const file of skipped) onSkipped?.(file);
  if (found.length > 0) return;
  const [first] = skipped;
  throw new Error(
    `the folder ${printable(folder)} has no ${split} files: expected names ending in ${knownEndings}` +
      (first === undefined
        ? ''
        : `; skipped ${skipped.length}, the first ${printable(relative(folder, first.path))} (${first.reason})`),
  );
}

/** @throws if a file cannot be read twice, or its name does not say how it stores documents */
function checkKind(name: string, info: Stats): void {
  const where = printable(name);
  if (!info.isFile()) throw new Error(`${where} is not a file: pipes and devices cannot be read again`);
  if (formatOf(name) !== undefined) return;
  throw new Error(`${where} has no known ending: expected ${knownEndings}`);
}
