import { resolveRevision } from './hub-facts.ts';
import { type HubFile, type HubRepository, noFacts } from './hub-file.ts';
import { checkHubOptions } from './hub-options.ts';
import { openHubFile } from './open-file.ts';
import { type HubOptions, resolveHubSettings } from './settings.ts';

/** Tokenizers, the only files got whole, have some MB; those got are held in memory. */
const mostBytes = 256 * 1024 * 1024;
/** Times a copy that lacks the checksum of the hub is passed over. */
const mostDownloads = 3;

/** A small file of the hub. */
export interface HubFileOptions extends HubOptions {
  readonly repository: HubRepository;
  /** A commit, branch or tag. Default `main`. */
  readonly revision?: string;
  /** Path in the repository. */
  readonly path: string;
  /** What to do without the hub, for messages: `give a local tokenizer.json with tokenizer: { file }`. */
  readonly alternative: string;
}

/**
 * The bytes of a file of the hub, whole and checked, by the same cache and download as the shards of C4.
 *
 * @throws if it cannot be got: the message says what to do instead
 */
export async function fetchHubFile(options: HubFileOptions): Promise<Buffer> {
  const { repository, revision = 'main', path, alternative, ...hub } = options;
  checkHubOptions({ ...hub });
  const settings = resolveHubSettings(hub);
  const named: HubFile = { repository, revision, path, alternative, mostBytes: mostBytes };
  const commit = await resolveRevision(named, settings, settings.signal);
  const at = { ...named, revision: commit };
  for (let copies = 1; ; copies += 1) {
    const file = await openHubFile(at, noFacts, settings, copies === 1);
    try {
      const verdict = await file.examine(settings.signal);
      if (verdict === 'wrong') {
        if (copies === mostDownloads)
          throw new Error(`${path} of ${repository.name} arrived damaged ${mostDownloads} times`);
        await file.drop();
        continue;
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of file.read(settings.signal)) chunks.push(chunk);
      return Buffer.concat(chunks);
    } finally {
      await file.close();
    }
  }
}
