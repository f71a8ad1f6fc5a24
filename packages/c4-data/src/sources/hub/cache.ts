import { readdir, readFile, realpath, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { openSealedJson, sealJson } from '@steepest/run-files';
import * as z from 'zod';
import { makeFolder, writeAtomically } from '../../atomic-file.ts';
import { checkHubNames, checksumOf, type FileFacts, type HubFile, noFacts } from './hub-file.ts';
import { leaseHolds, parseLease } from './lease.ts';
import type { HubSettings } from './settings.ts';

/** Where a file and what belongs to it lie in the cache. */
export interface CachePaths {
  /** The whole, checked file. */
  readonly file: string;
  /** The bytes of it that have come so far. */
  readonly partial: string;
  /** What the hub states of it. */
  readonly facts: string;
}

const partial = '.partial';
const factsEnding = '.facts.json';

function repositoryFolder({ repository }: Pick<HubFile, 'repository'>): string {
  return `${repository.type}s--${repository.name.replaceAll('/', '--')}`;
}

/** @throws TypeError if a name of the file would lead out of its folder */
export function cachePaths(file: HubFile, { cacheDirectory }: HubSettings): CachePaths {
  checkHubNames(file);
  const path = join(cacheDirectory, repositoryFolder(file), file.revision, ...file.path.split('/'));
  return { file: path, partial: `${path}${partial}`, facts: `${path}${factsEnding}` };
}

function referencePath(file: HubFile, { cacheDirectory }: HubSettings): string {
  checkHubNames(file);
  return join(cacheDirectory, repositoryFolder(file), 'refs', encodeURIComponent(file.revision));
}

/** What a commit looks like; it becomes the name of a folder. */
export const commitPattern = /^[0-9a-f]{40}$/;

/** The commit that a branch or tag stood for when it was last resolved. */
export async function readReference(file: HubFile, settings: HubSettings): Promise<string | undefined> {
  const commit = await readFile(referencePath(file, settings), 'utf8').catch(() => '');
  return commitPattern.test(commit) ? commit : undefined;
}

/** Keeps the commit of a branch or tag for offline mode, where the cache may be written. */
export async function writeReference(file: HubFile, commit: string, settings: HubSettings): Promise<void> {
  const path = referencePath(file, settings);
  try {
    await makeFolder(resolve(dirname(path)));
    await writeAtomically(path, commit);
  } catch (cause) {
    if (!isRefusedWrite(cause)) throw notWritable(settings, cause);
  }
}

/** @throws if the folder cannot be made: the message names the option */
export async function makeCacheFolder(folder: string, settings: HubSettings): Promise<void> {
  await makeFolder(resolve(folder)).catch((cause: unknown) => {
    throw notWritable(settings, cause);
  });
}

/** Whether a write was refused, as in someone else's folder or on a read-only disk. */
export function isRefusedWrite(cause: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes((cause as NodeJS.ErrnoException).code ?? '');
}

export function notWritable({ cacheDirectory }: HubSettings, cause: unknown): Error {
  return new Error(
    `the hub's cacheDirectory ${cacheDirectory} is not writable (${(cause as Error).message}): give a folder that can be written`,
    { cause },
  );
}

const factsSchema = z.strictObject({
  bytes: z.int().nonnegative().optional(),
  hash: z
    .strictObject({ algorithm: z.enum(['sha256', 'git-sha1']), value: z.string().regex(/^[0-9a-f]+$/) })
    .optional(),
});

/** The facts kept with a file, as far as there are any that are as they were written. */
export async function readFacts(paths: CachePaths): Promise<FileFacts> {
  try {
    const sealed = openSealedJson(await readFile(paths.facts, 'utf8'), paths.facts);
    const { bytes, hash: checksum } = factsSchema.parse(sealed);
    return { bytes, checksum };
  } catch {
    return noFacts;
  }
}

export async function writeFacts(paths: CachePaths, { bytes, checksum }: FileFacts): Promise<void> {
  await writeAtomically(paths.facts, sealJson({ bytes, hash: checksum }));
}

/** Puts a file first among those to keep. */
export async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

/** Drops a file, whole or partial, from the cache. */
export async function dropFile(paths: CachePaths): Promise<void> {
  for (const path of [paths.file, paths.partial, paths.facts]) await rm(path, { force: true });
}

/**
 * A file that the hub's Python library has downloaded, where its size and its checksum (the name of what the link points to)
 * are those expected, with that checksum.
 */
export async function findPythonCopy(
  file: HubFile,
  facts: FileFacts,
  { pythonCacheDirectory }: HubSettings,
): Promise<{ readonly path: string; readonly facts: FileFacts } | undefined> {
  const link = join(pythonCacheDirectory, repositoryFolder(file), 'snapshots', file.revision, file.path);
  try {
    const path = await realpath(link);
    const stored = checksumOf(basename(path));
    const { size } = await stat(path);
    if (facts.bytes !== undefined && facts.bytes !== size) return undefined;
    if (facts.checksum && stored && facts.checksum.value !== stored.value) return undefined;
    return { path, facts: { bytes: size, checksum: facts.checksum ?? stored } };
  } catch {
    return undefined;
  }
}

interface Entry {
  readonly file: string;
  bytes: number;
  /** In milliseconds since 1970; NaN until the file, whole or partial, is found. */
  lastUsed: number;
  /** What the hub states of it lies beside it, as of every file from the moment that it is got. */
  hasFacts: boolean;
  readonly leases: string[];
}

/** Folders of the cache's own making in a folder: others, and links, belong to somebody else. */
async function ownFolders(folder: string, name: RegExp): Promise<string[]> {
  const items = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return items.flatMap((item) =>
    item.isDirectory() && name.test(item.name) ? [join(folder, item.name)] : [],
  );
}

/**
 * The files that this cache has got, and nothing else that lies in its folder: those with facts beside them in the folder of a
 * commit. A cacheDirectory may be a folder that the user, or the hub's Python library, keeps other files in.
 */
async function ownEntries(cacheDirectory: string): Promise<Entry[]> {
  const entries = new Map<string, Entry>();
  for (const repository of await ownFolders(cacheDirectory, /^(dataset|model)s--./))
    for (const commit of await ownFolders(repository, commitPattern)) await listEntries(commit, entries);
  return [...entries.values()].filter(({ lastUsed, hasFacts }) => !Number.isNaN(lastUsed) && hasFacts);
}

async function listEntries(folder: string, entries: Map<string, Entry>): Promise<void> {
  for (const item of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, item.name);
    if (item.isDirectory()) {
      await listEntries(path, entries);
      continue;
    }
    if (!item.isFile()) continue;
    const lease = parseLease(item.name);
    const file =
      lease !== undefined
        ? join(folder, lease.file)
        : [partial, factsEnding].reduce(
            (name, end) => (name.endsWith(end) ? name.slice(0, -end.length) : name),
            path,
          );
    const entry = entries.get(file) ?? { file, bytes: 0, lastUsed: Number.NaN, hasFacts: false, leases: [] };
    entries.set(file, entry);
    if (lease !== undefined) entry.leases.push(path);
    else {
      const info = await stat(path).catch(() => undefined);
      entry.bytes += info?.size ?? 0;
      if (path.endsWith(factsEnding)) entry.hasFacts = true;
      else entry.lastUsed = Math.max(entry.lastUsed || 0, info?.mtimeMs ?? 0);
    }
  }
}

async function inUse({ leases }: Entry): Promise<boolean> {
  for (const lease of leases) if (await leaseHolds(lease)) return true;
  return false;
}

/**
 * Removes the files used longest ago until the cache, and `room` bytes to come, fit its size. Files in use by any process
 * stay, even where the cache is then too large, and so does whatever the cache has not got itself.
 */
export async function makeRoom(room: number, { cacheDirectory, cacheBytes }: HubSettings): Promise<void> {
  const entries = await ownEntries(cacheDirectory);
  let total = room;
  for (const { bytes } of entries) total += bytes;
  for (const entry of entries.sort((a, b) => a.lastUsed - b.lastUsed)) {
    if (total <= cacheBytes) return;
    if (entry.bytes === 0 || (await inUse(entry))) continue;
    await dropFile({
      file: entry.file,
      partial: `${entry.file}${partial}`,
      facts: `${entry.file}${factsEnding}`,
    });
    total -= entry.bytes;
  }
}
