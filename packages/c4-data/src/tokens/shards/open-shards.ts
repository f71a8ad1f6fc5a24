import { stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import type { SplitName, TokenStore } from '../token-store.ts';
import { indexRowBytes, readManifest, type ShardManifest, tokenBytes } from './manifest.ts';
import { ShardStore } from './shard-store.ts';
import { splitProblems } from './verify.ts';

/**
 * Opens a folder that `prepareTokenShards` has written. Bytes are compared with their checksums before they are first used: reading
 * from a store throws where they were damaged.
 *
 * @throws if the folder holds no complete shards, or a file has another size than its manifest says
 */
export async function openShards(directory: string): Promise<Readonly<Record<SplitName, TokenStore>>> {
  if (endianness() !== 'LE') throw new Error('token shards are little-endian, and this machine is not');
  const manifest = await readManifest(directory);
  await checkSizes(directory, manifest);
  return {
    train: new ShardStore(directory, manifest, 'train'),
    validation: new ShardStore(directory, manifest, 'validation'),
  };
}

/** @throws if a file is absent or has another size than the manifest says, or its counts contradict each other */
async function checkSizes(directory: string, manifest: ShardManifest): Promise<void> {
  const [wrong] = splitProblems(manifest);
  if (wrong !== undefined) throw new Error(`${join(directory, wrong.file)} ${wrong.problem}`);
  const bytesPerToken = tokenBytes(manifest);
  for (const { shards } of Object.values(manifest.splits)) {
    for (const { tokensFile, documentsFile, tokens, documents } of shards) {
      await checkSize(join(directory, tokensFile), tokens * bytesPerToken);
      await checkSize(join(directory, documentsFile), documents * indexRowBytes);
    }
  }
}

async function checkSize(path: string, expected: number): Promise<void> {
  const { size } = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the token shard ${path}: ${cause.message}`, { cause });
  });
  if (size !== expected) {
    throw new Error(`${path} has ${size} bytes where the manifest says ${expected}: prepare the data again`);
  }
}
