import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeFolder, writeAtomically } from '../../src/atomic-file.ts';
import { loadTokenizer } from '../../src/index.ts';
import { Lease } from '../../src/sources/hub/lease.ts';
import { C4, readAll, readTexts, texts, toLines, useHub } from './shard-fixture.ts';

vi.mock('../../src/atomic-file.ts', { spy: true });

const { context, options, openShard } = useHub();
/** A superuser may write everywhere, so refusals are staged for one. */
const obeysModes = (process.getuid?.() ?? 0) !== 0;

function folders(): string[] {
  const below = readdirSync(context.cacheDirectory, { recursive: true, withFileTypes: true });
  const paths = below
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  return [context.cacheDirectory, ...paths];
}

/** From here on the cache is only read, as one that another user has filled. */
function refuseWrites(code = 'EACCES'): void {
  if (obeysModes && code === 'EACCES') {
    for (const folder of folders()) chmodSync(folder, 0o555);
    return;
  }
  const refusal = Object.assign(new Error(`${code}: permission denied, open`), { code });
  vi.mocked(writeAtomically).mockRejectedValue(refusal);
  vi.mocked(makeFolder).mockImplementation(async (path) => {
    if (!existsSync(path)) throw refusal;
  });
  vi.spyOn(Lease, 'use').mockRejectedValue(refusal);
}

afterEach(() => {
  vi.resetAllMocks();
  vi.restoreAllMocks();
  for (const folder of folders()) chmodSync(folder, 0o755);
});

describe('a cache that cannot be written, online', () => {
  it.each([true, false])(
    'gives the shards of a branch (resolved there before: %s)',
    async (resolvedBefore) => {
      context.hub.references.set('main', context.hub.commit);
      await readAll(await openShard({ revision: 'main' }));
      const references = join(context.cacheDirectory, 'datasets--allenai--c4', 'refs');
      if (!resolvedBefore) rmSync(references, { recursive: true });
      refuseWrites();
      expect(await readTexts(await openShard({ revision: 'main' }))).toEqual(texts);
      expect(existsSync(references)).toBe(resolvedBefore);
    },
  );

  it('gives a tokenizer of the hub, whose revision is a branch by default', async () => {
    const content = readFileSync(new URL('../fixtures/small.tokenizer.json', import.meta.url));
    context.hub.addToGit('someone/t5', 'tokenizer.json', content);
    context.hub.references.set('main', context.hub.commit);
    const { endpoint, cacheDirectory } = options() as { endpoint: string; cacheDirectory: string };
    const load = () => loadTokenizer({ hub: 'someone/t5' }, { endpoint, cacheDirectory, token: false });
    await load();
    context.hub.reset();
    refuseWrites();
    expect((await load()).definition).toBe(String(content));
    expect(context.hub.served).toBe(0);
  });

  it('is named where a file of a branch would have to be added to it', async () => {
    context.hub.references.set('main', context.hub.commit);
    await readAll(await openShard({ revision: 'main' }));
    context.hub.add(C4, 'en/c4-train.00006-of-01024.json.gz', gzipSync(toLines(['new'])));
    refuseWrites();
    const absent = await openShard({ revision: 'main', train: { shards: [6] } });
    await expect(readAll(absent)).rejects.toThrow(
      /^the hub's cacheDirectory .* is not writable \(EACCES: permission denied, .*\): give a folder/,
    );
  });
});

it('says which cache fails where a branch is resolved, unless a write is only refused', async () => {
  context.hub.references.set('main', context.hub.commit);
  await readAll(await openShard({ revision: 'main' }));
  refuseWrites('EIO');
  await expect(openShard({ revision: 'main' })).rejects.toThrow(
    /^the hub's cacheDirectory .* is not writable \(EIO: /,
  );
});
