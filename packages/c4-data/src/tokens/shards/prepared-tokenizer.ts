import { join } from 'node:path';
import { loadTokenizer } from '../../tokenizers/load-tokenizer.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { readManifest } from './manifest.ts';

/**
 * The tokenizer that the ids of prepared shards belong to.
 *
 * @throws if its file is absent or gives other ids
 */
export async function loadPreparedTokenizer(directory: string): Promise<Tokenizer> {
  const { tokenizer: expected } = await readManifest(directory);
  const file = join(directory, expected.file);
  const tokenizer = await loadTokenizer({ file });
  if (tokenizer.hash !== expected.hash) {
    throw new Error(
      `${file} is not the tokenizer of these shards: put the file back, or prepare the data again`,
    );
  }
  return tokenizer;
}
