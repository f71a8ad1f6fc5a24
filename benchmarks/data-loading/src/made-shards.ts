import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { loadTokenizer, type Tokenizer } from '@steepest/c4-data';

/** About the mean of C4. */
const documentTokens = 450;
const bytesPerToken = 4.5;
/** Bytes of a file that share a checksum. */
const blockBytes = 16_384;

/** Token shards of made-up ids in the format that `steepest data prepare` writes, since to tokenize so much text would take minutes. */
export async function makeShards(directory: string, tokens: number, shards: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  const tokenizer = await loadTokenizer('embedded');
  const { vocabularySize, endOfSequence } = tokenizer;
  const records: Awaited<ReturnType<typeof makeShard>>[] = [];
  for (let shard = 0; shard < shards; shard += 1) {
    records.push(await makeShard(directory, shard, Math.floor(tokens / shards / documentTokens), tokenizer));
  }
  const sum = (of: 'documents' | 'tokens' | 'bytes') =>
    records.reduce((total, record) => total + record[of], 0);
  const train = { documents: sum('documents'), tokens: sum('tokens'), bytes: sum('bytes') };
  await writeFile(join(directory, 'tokenizer.json'), tokenizer.definition);
  const manifest = {
    format: 'steepest-token-shards',
    version: 2,
    tokenType: 'uint16',
    tokenizer: {
      hash: tokenizer.hash,
      vocabularySize,
      endOfSequence,
      file: 'tokenizer.json',
      sha256: sha256(Buffer.from(tokenizer.definition)),
    },
    seed: null,
    validationFraction: null,
    limits: { shardTokens: 2 ** 28, documents: null, validationDocuments: null },
    source: { type: 'made up' },
    inputs: [
      {
        name: 'made up',
        split: 'train',
        bytes: null,
        documents: train.documents,
        emptyDocuments: 0,
        malformedLines: 0,
      },
    ],
    malformedLines: { count: 0, examples: [] },
    splits: {
      train: { ...train, shards: records },
      validation: { documents: 0, tokens: 0, bytes: 0, shards: [] },
    },
  };
  const checksum = sha256(Buffer.from(JSON.stringify(manifest)));
  await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...manifest, checksum }));
}

async function makeShard(
  directory: string,
  number: number,
  documents: number,
  { vocabularySize, endOfSequence }: Tokenizer,
) {
  const tokens = new Uint16Array(documents * documentTokens);
  const index = new Uint32Array(2 * documents);
  const bytes = Math.round(bytesPerToken * (documentTokens - 1));
  let state = number + 1;
  for (let place = 0; place < tokens.length; place += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    tokens[place] = 2 + ((state >>> 8) % (vocabularySize - 2));
  }
  for (let document = 0; document < documents; document += 1) {
    const end = (document + 1) * documentTokens;
    tokens[end - 1] = endOfSequence;
    index.set([end, bytes], 2 * document);
  }
  const name = `train-${String(number).padStart(5, '0')}`;
  await writeFile(join(directory, `${name}.tokens`), tokens);
  await writeFile(join(directory, `${name}.documents`), index);
  const checksums = Uint32Array.from([...blockChecksums(tokens), ...blockChecksums(index)]);
  await writeFile(join(directory, `${name}.checksums`), checksums);
  return {
    tokensFile: `${name}.tokens`,
    documentsFile: `${name}.documents`,
    documents,
    tokens: tokens.length,
    bytes: documents * bytes,
    tokensSha256: sha256(tokens),
    documentsSha256: sha256(index),
    checksumsFile: `${name}.checksums`,
    checksumsSha256: sha256(checksums),
  };
}

function blockChecksums({ buffer, byteLength }: Uint16Array | Uint32Array): number[] {
  const blocks = Math.ceil(byteLength / blockBytes);
  return Array.from({ length: blocks }, (_, block) => {
    const start = block * blockBytes;
    return crc32(new Uint8Array(buffer, start, Math.min(blockBytes, byteLength - start)));
  });
}

function sha256(data: NodeJS.ArrayBufferView): string {
  return createHash('sha256').update(data).digest('hex');
}
