import { openEmbeddedCorpus } from '../embedded-corpus.ts';
import type { DocumentSource } from './document-source.ts';

/** The embedded corpus as a source of one shard. */
export async function openEmbeddedSource(): Promise<DocumentSource> {
  const { hash, documents } = await openEmbeddedCorpus();
  const all = documents();
  const bytes = all.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return {
    describe: async () => ({ type: 'embedded', hash }),
    shards: async (split) =>
      split === 'validation'
        ? []
        : [
            {
              name: 'the embedded corpus',
              bytes,
              async *open({ signal, onBytes } = {}) {
                let read = 0;
                for (const document of all) {
                  signal?.throwIfAborted();
                  read += Buffer.byteLength(document.text);
                  onBytes?.(read);
                  yield document;
                }
              },
            },
          ],
  };
}
