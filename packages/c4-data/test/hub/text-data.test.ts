import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTextData, type TextDataOptions } from '../../src/index.ts';
import type { MalformedLine } from '../../src/sources/document-source.ts';
import { prepareTokenShards } from '../../src/tokens/shards/prepare.ts';
import { C4, texts, toLines, useHub } from './shard-fixture.ts';

const { context, options } = useHub();
const validationShard = 'en/c4-validation.00000-of-00008.json.gz';
const malformed = 'en/c4-train.00003-of-01024.json.gz';
const held = texts.slice(0, 40).map((text) => `held out ${text}`);

beforeAll(() => {
  context.hub.add(C4, validationShard, gzipSync(toLines(held)));
  context.hub.add(C4, malformed, gzipSync(`${toLines(texts)}\n{"text": 5}\n`));
});

const open = (
  source: Partial<Extract<TextDataOptions['source'], { type: 'c4' }>> = {},
  changes: Partial<TextDataOptions> = {},
) =>
  openTextData({
    source: { ...options(), train: { shards: 1 }, ...source, type: 'c4' },
    tokenizer: 'embedded',
    contextLength: 32,
    batchSize: 4,
    seed: 1,
    ...changes,
  });

describe('openTextData on C4', () => {
  it('trains on the chosen shards and validates on those of the validation split', async () => {
    const data = await open({ validation: { shards: 1, documents: 30 } });
    const sequences = Math.floor((data.tokenCounts.validation - 1) / 32);
    const tokens = data.validation({ sequences }).flatMap((batch) => Array.from(batch.tokens));
    const found = Array.from(data.tokenizer.decode(tokens).matchAll(/held out document (\d+):/g), ([, n]) =>
      Number(n),
    );
    // Names that lie over the end of a sequence are not found.
    expect(new Set(found).size).toBeGreaterThan(20);
    expect(Math.max(...found)).toBeLessThan(30);
    expect(data.tokenizer.decode(data.train.next().tokens)).toMatch(/document \d+: /);
  });

  it('keeps part of the training documents for validation where no shards are named for it', async () => {
    const data = await open({}, { validationFraction: 0.1 });
    expect(data.tokenCounts.validation).toBeGreaterThan(0);
    expect(context.hub.requests.some(({ path }) => path.includes('validation'))).toBe(false);
  });

  it('opens its tokens from the cache without asking the hub', async () => {
    const cacheDirectory = `${context.cacheDirectory}/tokens`;
    const first = (await open({}, { cacheDirectory })).train.next();
    context.hub.reset();
    expect((await open({}, { cacheDirectory })).train.next()).toEqual(first);
    expect(context.hub.requests).toEqual([]);
    await open({ train: { shards: 1, documents: 99 } }, { cacheDirectory });
    expect(
      (await open({ train: { shards: 1, documents: 99 } }, { cacheDirectory })).train.position(),
    ).not.toEqual((await open({}, { cacheDirectory })).train.position());
  });

  it('reports malformed lines at every opening, or refuses them at every opening', async () => {
    const cacheDirectory = `${context.cacheDirectory}/tokens`;
    const source = { train: { shards: [3] } };
    await expect(open(source, { cacheDirectory })).rejects.toThrow(`${malformed} line 301: the field "text"`);
    for (const _ of ['from the text', 'from the cache']) {
      const problems: MalformedLine[] = [];
      await open(source, { cacheDirectory, onMalformed: (problem) => problems.push(problem) });
      expect(problems).toEqual([
        { file: malformed, line: 301, reason: 'the field "text" must be a string, got number' },
      ]);
    }
    await expect(open(source, { cacheDirectory })).rejects.toThrow(`${malformed} line 301: the field "text"`);
  });

  it.each<[Record<string, unknown>, string]>([
    [
      { train: undefined },
      "source.train must say which shards of C4 to read, as in { type: 'c4', train: { shards: 1 } }",
    ],
    [
      { train: { shards: 1025 } },
      'source.train.shards must be a number of shards from 1 to 1024, or a list of shards from 0 to 1023',
    ],
    [
      { validation: { shards: [8] } },
      'source.validation.shards must be a number of shards from 1 to 8, or a list',
    ],
    [{ train: { shards: [2, 3, 2] } }, 'source.train.shards names the shard 2 twice'],
    [{ train: { shards: 1, documents: 0 } }, 'source.train.documents must be an integer of 1 or more, got 0'],
    [{ train: { shard: 1 } }, 'source.train has no option "shard": did you mean "shards"?'],
    [
      { variant: 'fr' },
      "source.variant must be one of 'en', 'en.noblocklist', 'en.noclean', 'realnewslike', got \"fr\"",
    ],
    [{ revison: 'main' }, 'source has no option "revison": did you mean "revision"?'],
    [
      { endpoint: 'hub' },
      'source.endpoint must be the address of a hub, such as "https://huggingface.co", got "hub"',
    ],
    [{ cacheBytes: -1 }, 'source.cacheBytes must be an integer of 0 or more'],
    [{ retries: { attempts: 0 } }, 'source.retries.attempts must be an integer of 1 or more'],
    [{ retries: { atempts: 1 } }, 'source.retries has no option "atempts": did you mean "attempts"?'],
    [{ stallSeconds: 0 }, 'source.stallSeconds must be a number of seconds above 0, got 0 (number)'],
    [{ token: '' }, 'source.token must be an access token, or false to send none, got "" (string)'],
    [{ token: ' ' }, 'source.token must be an access token, or false to send none, got " " (string)'],
    [{ fetch: 'global' }, 'source.fetch must be a function like the global fetch, got "global" (string)'],
    [{ retries: { longestDelaySeconds: -1 } }, 'source.retries.longestDelaySeconds must be'],
    [{ offline: 'yes' }, 'source.offline must be true or false, got "yes" (string)'],
  ])('rejects %j with what would be right', async (source, message) => {
    await expect(open(source)).rejects.toThrow(message);
  });
});

it('prepares token shards from C4, with what was malformed in the manifest', async () => {
  const directory = `${context.cacheDirectory}/prepared`;
  const validation = { shards: 1, documents: 30 };
  const result = await prepareTokenShards({
    source: { ...options(), type: 'c4', train: { shards: [0, 3] }, validation },
    directory,
    tokenizer: 'embedded',
    workers: 1,
    onMalformed: () => {},
  });
  expect(result).toMatchObject({
    status: 'complete',
    manifest: {
      malformedLines: { count: 1 },
      source: { type: 'c4', repository: 'allenai/c4', variant: 'en', train: { shards: [0, 3] } },
    },
  });
  const data = await openTextData({
    source: { type: 'prepared', directory },
    contextLength: 32,
    batchSize: 2,
    seed: 1,
  });
  const direct = await open({ train: { shards: [0, 3] }, validation }, { onMalformed: () => {} });
  expect(data.tokenCounts).toEqual(direct.tokenCounts);
  data.close();
});
