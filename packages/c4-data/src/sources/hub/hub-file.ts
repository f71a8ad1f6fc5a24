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

export const NO_FACTS: FileFacts = { bytes: undefined, checksum: undefined };

/** The checksum that an ETag of the hub spells out: 64 hex digits are SHA-256, 40 are git's; others mean nothing. */
export function checksumOf(etag: string | null | undefined): Checksum | undefined {
  const value = /^(?:W\/)?"?([0-9a-f]{64}|[0-9a-f]{40})"?$/i.exec(etag ?? '')?.[1]?.toLowerCase();
  if (value === undefined) return undefined;
  return { algorithm: value.length === 64 ? 'sha256' : 'git-sha1', value };
}
