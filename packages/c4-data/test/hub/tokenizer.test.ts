import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../src/index.ts';
import { MisbehavingHub } from './misbehaving-hub.ts';

const file = new URL('../fixtures/small.tokenizer.json', import.meta.url).pathname;
const cacheDirectory = mkdtempSync(join(tmpdir(), 'steepest-hub-tokenizer-'));
let hub: MisbehavingHub;
beforeAll(async () => {
  hub = await MisbehavingHub.start();
  hub.addToGit('someone/t5', 'tokenizer.json', readFileSync(file));
});
afterAll(async () => {
  await hub.stop();
  rmSync(cacheDirectory, { recursive: true });
});

describe('a tokenizer of the hub', () => {
  it('is the file of that name, pruned or not, and comes from the cache the next time', async () => {
    const settings = { endpoint: hub.endpoint, cacheDirectory, token: false } as const;
    const local = await loadTokenizer({ file }, { prune: { size: 200 } });
    hub.misbehaviors.push({ type: 'cut', after: 1000 });
    const fetched = await loadTokenizer(
      { hub: 'someone/t5', revision: hub.commit },
      { ...settings, prune: { size: 200 }, retries: { firstDelaySeconds: 0 } },
    );
    expect(fetched.hash).toBe(local.hash);
    const offline = await loadTokenizer(
      { hub: 'someone/t5', revision: hub.commit },
      { ...settings, offline: true },
    );
    expect(offline.definition).toBe(readFileSync(file, 'utf8'));
  });

  it('that cannot be had says how to continue', async () => {
    const load = loadTokenizer(
      { hub: 'someone/else', revision: hub.commit },
      { endpoint: hub.endpoint, cacheDirectory, token: false, offline: true },
    );
    await expect(load).rejects.toThrow('give a local copy with { file }');
  });

  it('is refused with a choice that names none', async () => {
    for (const wrong of [{ hub: '' }, { hub: 5 }, { files: 'x' }, null, 't5']) {
      await expect(loadTokenizer(wrong as never)).rejects.toThrow("tokenizer must be 'embedded'");
    }
    await expect(loadTokenizer({ hub: 'a/b', revison: 'x' } as never)).rejects.toThrow(
      'did you mean "revision"?',
    );
    await expect(loadTokenizer({ hub: 'a/b', revision: 5 } as never)).rejects.toThrow(
      'tokenizer.revision must be a string, got 5 (number)',
    );
  });
});
