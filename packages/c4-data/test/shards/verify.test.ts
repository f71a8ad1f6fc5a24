import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyTokenShards } from '../../src/index.ts';
import { formatManifest, type ShardManifest } from '../../src/tokens/shards/manifest.ts';
import { madeTexts, prepareFiles, temporaryFolder, writeTexts } from './prepared-folder.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);

const directory = join(folder, 'whole');
let damaged = '';
let copies = 0;
beforeAll(async () => {
  const texts = madeTexts(60);
  await prepareFiles([writeTexts(folder, 'texts.jsonl', texts)], directory, { shardTokens: 400 });
});

/** A copy to damage. */
function copy(): string {
  damaged = join(folder, `damaged-${copies++}`);
  cpSync(directory, damaged, { recursive: true });
  return damaged;
}

function overwrite(file: string, position: number, integers: Uint16Array | Uint32Array): void {
  const opened = openSync(join(damaged, file), 'r+');
  writeSync(opened, integers, 0, integers.byteLength, position);
}

/** Changes the manifest, and the checksum of a file with it when one is named, as a wrong writer would have. */
function rewriteManifest(
  change: (manifest: { -readonly [K in keyof ShardManifest]: ShardManifest[K] }) => void,
) {
  const path = join(damaged, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as ShardManifest;
  change(manifest);
  const { checksum: _, ...content } = manifest as ShardManifest & { checksum: string };
  writeFileSync(path, formatManifest(content));
}

const sha256 = (file: string) =>
  createHash('sha256')
    .update(readFileSync(join(damaged, file)))
    .digest('hex');
const problemsOf = async () =>
  (await verifyTokenShards(damaged)).problems.map(({ file, problem }) => `${file} ${problem}`);

describe('verification', () => {
  it('finds nothing wrong with shards as they were written, and tells how much it has read', async () => {
    const fractions: number[] = [];
    const found = await verifyTokenShards(directory, ({ fraction }) => fractions.push(fraction));
    const { splits } = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as ShardManifest;
    expect(found).toEqual({
      problems: [],
      shards: splits.train.shards.length + splits.validation.shards.length,
      documents: 60,
      tokens: splits.train.tokens + splits.validation.tokens,
    });
    expect(fractions.at(-1)).toBe(1);
  });

  it('names a file whose bytes changed, and the first id outside the vocabulary', async () => {
    copy();
    overwrite('train-00001.tokens', 10, Uint16Array.of(4096));
    expect(await problemsOf()).toEqual([
      'train-00001.tokens token 5 is 4096, outside the vocabulary of 4096',
      expect.stringMatching(
        /^train-00001\.tokens has SHA-256 \w{64} where the manifest says \w{64}: its bytes have changed$/,
      ),
    ]);
  });

  it('names a document that does not end with </s>, however its checksum came about', async () => {
    copy();
    const index = new Uint32Array(
      Uint8Array.from(readFileSync(join(damaged, 'train-00000.documents'))).buffer,
    );
    overwrite('train-00000.tokens', 2 * (index[2]! - 1), Uint16Array.of(7));
    rewriteManifest(({ splits }) => {
      splits.train.shards[0]!.tokensSha256 = sha256('train-00000.tokens');
    });
    expect(await problemsOf()).toEqual([
      'train-00000.tokens document 1 ends with token 7 instead of </s> (1)',
    ]);
  });

  it('names an index that does not fit its tokens', async () => {
    copy();
    overwrite('train-00000.documents', 8, Uint32Array.of(1, 5));
    rewriteManifest(({ splits }) => {
      splits.train.shards[0]!.documentsSha256 = sha256('train-00000.documents');
    });
    const problems = await problemsOf();
    expect(problems).toContainEqual(
      expect.stringMatching(/^train-00000\.documents document 1 ends at token 1, the one before at \d+$/),
    );
    expect(problems).toContainEqual(
      expect.stringMatching(
        /^train-00000\.documents its documents have \d+ bytes of text, the manifest says \d+$/,
      ),
    );
  });

  it('names files that are cut short, missing or of another tokenizer', async () => {
    copy();
    truncateSync(join(damaged, 'train-00002.tokens'), 100);
    rmSync(join(damaged, 'train-00001.documents'));
    writeFileSync(join(damaged, 'tokenizer.json'), '{}');
    const problems = await problemsOf();
    expect(problems).toEqual([
      expect.stringMatching(/^tokenizer\.json has SHA-256/),
      'train-00001.documents is missing',
      expect.stringMatching(/^train-00002\.tokens has 100 bytes where the manifest says \d+$/),
    ]);
  });

  it('names checksums of blocks that do not belong to the files beside them', async () => {
    copy();
    const file = 'train-00000.checksums';
    overwrite(file, 0, Uint32Array.of(5));
    expect(await problemsOf()).toEqual([expect.stringMatching(/^train-00000\.checksums has SHA-256/)]);
    rewriteManifest(({ splits }) => {
      splits.train.shards[0]!.checksumsSha256 = sha256(file);
    });
    expect(await problemsOf()).toEqual([`${file} does not belong to the tokens and the index of its shard`]);
  });

  it('names sums of the manifest that do not add up', async () => {
    copy();
    rewriteManifest(({ splits }) => {
      splits.train.documents += 1;
    });
    expect(await problemsOf()).toEqual([
      expect.stringMatching(/^manifest\.json says train documents 58, but its parts have 57$/),
      expect.stringMatching(/^manifest\.json says documents of both sides 61, but its parts have 60$/),
    ]);
  });
});

describe('NumPy', () => {
  it('reads the files with memmap and finds what the manifest says', async (context) => {
    const python = process.env.STEEPEST_PYTHON ?? 'python3';
    const script = fileURLToPath(
      new URL('../../../../tools/reference/c4-data/token_shards.py', import.meta.url),
    );
    const run = promisify(execFile);
    const hasNumpy = await run(python, ['-c', 'import numpy']).then(
      () => true,
      () => false,
    );
    if (!hasNumpy) context.skip('no Python with NumPy here: STEEPEST_PYTHON names one');
    const { stdout } = await run(python, [script, 'check', directory]);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { splits } = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as ShardManifest;
    expect(lines).toEqual(
      (['train', 'validation'] as const).map((split) => ({
        split,
        documents: splits[split].documents,
        tokens: splits[split].tokens,
      })),
    );
  });
});
