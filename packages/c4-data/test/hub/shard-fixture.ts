import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { DocumentShard, OpenShardOptions, SourceDocument } from '../../src/sources/document-source.ts';
import { type C4HubOptions, openC4Hub } from '../../src/sources/hub/c4-hub.ts';
import { MisbehavingHub } from './misbehaving-hub.ts';

export const C4 = 'datasets/allenai/c4';
export const shardPath = 'en/c4-train.00000-of-01024.json.gz';

/** Documents that compress badly, so that a cut at any byte falls into some document. */
export function makeTexts(count: number, seed = 1): string[] {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state.toString(36);
  };
  return Array.from(
    { length: count },
    (_, index) => `document ${index}: ${next()} ${next()} ${next()} ${next()} ${next()} – 東京`,
  );
}

export function toLines(texts: readonly string[]): string {
  return texts
    .map((text) => JSON.stringify({ text, timestamp: '2019-04-25T12:57:54Z', url: 'https://example.org/' }))
    .join('\n');
}

export const texts = makeTexts(300);
export const shardBytes = gzipSync(toLines(texts));

/** A hub with one shard, and a fresh cache for every test. */
export function useHub() {
  const root = mkdtempSync(join(tmpdir(), 'steepest-hub-'));
  const context = { hub: undefined as unknown as MisbehavingHub, cacheDirectory: root };
  beforeAll(async () => {
    context.hub = await MisbehavingHub.start();
    context.hub.add(C4, shardPath, shardBytes);
  });
  beforeEach(() => {
    context.cacheDirectory = mkdtempSync(join(root, 'cache-'));
  });
  afterEach(() => context.hub.reset());
  afterAll(async () => {
    await context.hub.stop();
    rmSync(root, { recursive: true });
  });
  const options = (changes: Partial<C4HubOptions> = {}): C4HubOptions => ({
    endpoint: context.hub.endpoint,
    cacheDirectory: context.cacheDirectory,
    token: false,
    offline: false,
    train: { shards: 1 },
    retries: { firstDelaySeconds: 0, longestDelaySeconds: 0 },
    stallSeconds: 5,
    ...changes,
  });
  const openShard = async (changes: Partial<C4HubOptions> = {}): Promise<DocumentShard> => {
    const [shard] = await openC4Hub(options(changes)).shards('train');
    return shard!;
  };
  return { context, options, openShard };
}

export async function readAll(shard: DocumentShard, options?: OpenShardOptions): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for await (const document of shard.open(options)) documents.push(document);
  return documents;
}

export async function readTexts(shard: DocumentShard, options?: OpenShardOptions): Promise<string[]> {
  return (await readAll(shard, options)).map(({ text }) => text);
}
