import { describe } from '../../option-checks.ts';

/** A repository of the hub. */
export interface HubRepository {
  readonly type: 'dataset' | 'model';
  /** `owner/name`. */
  readonly name: string;
}

/** A file of the hub at one revision. */
export interface HubFile {
  readonly repository: HubRepository;
  /** A commit, as all but the resolving of branches and tags expects. */
  readonly revision: string;
  /** Path in the repository, with `/`. */
  readonly path: string;
  /** What to do without the hub, for messages: `give local files ...`. */
  readonly alternative: string;
  /** The most that a file of this kind may have: a server that sends more is not believed. */
  readonly mostBytes: number;
}

/** A name of one level of a path that stays below the one above it. */
const segment = /^(?!\.{1,2}$)[^\\:\p{Cc}]+$/u;

/** @throws if a file's repository, revision or path would lead out of the folder that its name stands for */
export function checkHubNames({ repository, revision, path }: HubFile): void {
  const levels = repository.name.split('/');
  if (levels.length > 2 || !levels.every((level) => segment.test(level))) {
    throw new TypeError(`a repository of the hub is named owner/name, got ${describe(repository.name)}`);
  }
  if (!segment.test(revision)) {
    throw new TypeError(`a revision is a commit, branch or tag, got ${describe(revision)}`);
  }
  if (!path.split('/').every((level) => segment.test(level))) {
    throw new TypeError(`the path of a file in a repository is like folder/file.json, got ${describe(path)}`);
  }
}

/** A number of bytes as a server states it; undefined for anything else. */
export function statedBytes(value: unknown): number | undefined {
  const bytes = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(bytes) && (bytes as number) >= 0 ? (bytes as number) : undefined;
}

/** The hub's checksum of a file: SHA-256 of a file in large-file storage, else git's SHA-1 of the blob. */
export interface Checksum {
  readonly algorithm: 'sha256' | 'git-sha1';
  /** In lower-case hex. */
  readonly value: string;
}

/** What is known about a file without its bytes. */
export interface FileFacts {
  readonly bytes: number | undefined;
  readonly checksum: Checksum | undefined;
}

export const noFacts: FileFacts = { bytes: undefined, checksum: undefined };

/** The checksum that an ETag of the hub spells out: 64 hex digits are SHA-256, 40 are git's; others mean nothing. */
export function checksumOf(etag: unknown): Checksum | undefined {
  const text = typeof etag === 'string' ? etag : '';
  const value = /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/i.exec(text)?.[1]?.toLowerCase();
  if (value === undefined) return undefined;
  return { algorithm: value.length === 64 ? 'sha256' : 'git-sha1', value };
}
