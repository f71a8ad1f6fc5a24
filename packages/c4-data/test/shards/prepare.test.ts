import { appendFileSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  loadTokenizer,
  openTextData,
  type PreparationProgress,
  prepareTokenShards,
} from '../../src/index.ts';
import type { ShardManifest } from '../../src/tokens/shards/manifest.ts';
import type { PreparationResult, PrepareOptions } from '../../src/tokens/shards/prepare.ts';
import { filesOf, joined, madeTexts, prepareFiles, temporaryFolder, writeTexts } from './prepared-folder.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);
let folders = 0;
const freshFolder = () => join(folder, `shards-${folders++}`);

const texts = madeTexts(400);
const first = writeTexts(folder, 'first.jsonl', texts.slice(0, 250));
const second = writeTexts(folder, 'second.jsonl', texts.slice(250));

function manifestOf(result: PreparationResult): ShardManifest {
  if (result.status === 'interrupted') throw new Error('the preparation was interrupted');
  return result.manifest;
}

const openFolder = (directory: string, shape: { contextLength: number; batchSize: number; seed: number }) =>
  openTextData({ source: { type: 'prepared', directory }, ...shape });

/** All training tokens of a folder. */
async function tokensOf(directory: string): Promise<number[]> {
  const { tokenCounts } = await openFolder(directory, { contextLength: 1, batchSize: 1, seed: 0 });
  const contextLength = tokenCounts.train - 1;
  return Array.from((await openFolder(directory, { contextLength, batchSize: 1, seed: 0 })).sequence(0));
}

describe('prepared shards', () => {
  it('hold the documents of the source in its order, each whole and ended by </s>', async () => {
    const long = writeTexts(folder, 'long.jsonl', [texts[0]!, 'many words '.repeat(300), texts[1]!]);
    const directory = freshFolder();
    const { splits, inputs } = manifestOf(
      await prepareFiles([first, long], directory, { shardTokens: 500, validationFraction: 0 }),
    );
    const expected = [...texts.slice(0, 250), texts[0]!, 'many words '.repeat(300), texts[1]!];
    expect(await tokensOf(directory)).toEqual(await joined(expected));
    expect(splits.train).toMatchObject({
      documents: 253,
      bytes: expected.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    });
    // The long document has a shard of its own; every other shard ends where the next document would not fit.
    const above = splits.train.shards.filter(({ tokens }) => tokens > 500);
    expect(above.map(({ documents }) => documents)).toEqual([1]);
    expect(splits.train.shards.length).toBeGreaterThan(10);
    expect(inputs.map(({ name, documents }) => [name, documents])).toEqual([
      [first, 250],
      [long, 3],
    ]);
    expect(splits.validation).toEqual({ documents: 0, tokens: 0, bytes: 0, shards: [] });
  });

  it('are the same files for any number of workers', async () => {
    const [one, three] = [freshFolder(), freshFolder()];
    await prepareFiles([first, second], one, { shardTokens: 2000, workers: 0, seed: 4 });
    await prepareFiles([first, second], three, { shardTokens: 2000, workers: 3, seed: 4 });
    expect(Object.keys(filesOf(one)).length).toBeGreaterThan(10);
    expect(filesOf(three)).toEqual(filesOf(one));
  });

  it('have the split of openTextData', async () => {
    const directory = freshFolder();
    const { splits } = manifestOf(
      await prepareFiles([first, second], directory, { validationFraction: 0.1 }),
    );
    const shape = { contextLength: 8, batchSize: 1, seed: 0 };
    const source = { type: 'files', train: [first, second] } as const;
    const data = await openTextData({ source, tokenizer: 'embedded', validationFraction: 0.1, ...shape });
    expect((await openFolder(directory, shape)).tokenCounts).toEqual(data.tokenCounts);
    expect(splits.validation.documents).toBe(40);
    expect(await tokensOf(directory)).toEqual(await joined(texts.filter((_, index) => index % 10 !== 9)));
  });

  it('hold no document of a malformed line or without a token, and say how many there were', async () => {
    const path = writeTexts(folder, 'malformed.jsonl', [texts[0]!, ' ', texts[1]!]);
    appendFileSync(path, `{"text": 5}\n\nnot JSON\n${JSON.stringify({ text: texts[2] })}\n`);
    const blank = writeTexts(folder, 'blank.jsonl', ['', ' ']);
    const directory = freshFolder();
    const reported: number[] = [];
    const { inputs, malformedLines, splits } = manifestOf(
      await prepareFiles([path, blank], directory, {
        validationFraction: 0,
        onMalformed: ({ line }) => reported.push(line),
      }),
    );
    expect(await tokensOf(directory)).toEqual(await joined(texts.slice(0, 3)));
    expect(inputs).toMatchObject([
      { documents: 4, emptyDocuments: 1, malformedLines: 2 },
      { documents: 2, emptyDocuments: 2, malformedLines: 0 },
    ]);
    expect(malformedLines.count).toBe(2);
    expect(malformedLines.examples).toMatchObject([
      { file: path, line: 4, reason: 'the field "text" must be a string, got number' },
      { file: path, line: 6 },
    ]);
    expect(reported).toEqual([4, 6]);
    expect(splits.train.documents).toBe(3);
  });

  it('hold the same documents in another order for a seed', async () => {
    const { endOfSequence } = manifestOf(await prepareFiles([first, second], freshFolder())).tokenizer;
    const documentsBy = async (seed: number) => {
      const directory = freshFolder();
      await prepareFiles([first, second], directory, { seed, validationFraction: 0 });
      return `${await tokensOf(directory)}`.split(`,${endOfSequence},`);
    };
    const plain = `${await joined(texts)}`.split(`,${endOfSequence},`).map((text) => text.replace(/,1$/, ''));
    const [one, two] = [await documentsBy(1), await documentsBy(2)].map((list) =>
      list.map((text) => text.replace(/,1$/, '')),
    );
    expect([...one!].sort()).toEqual([...plain].sort());
    expect([...two!].sort()).toEqual([...plain].sort());
    for (const [a, b] of [
      [one!, plain],
      [one!, two!],
    ] as const) {
      // One document of 400 stays in its place on average.
      expect(a.filter((document, index) => document === b[index]).length).toBeLessThan(8);
    }
  });

  it('hold the first documents of the source under a limit', async () => {
    const directory = freshFolder();
    const held = writeTexts(folder, 'held.jsonl', madeTexts(450).slice(400));
    const { inputs, splits } = manifestOf(
      await prepareFiles([first, second], directory, {
        documents: 260,
        validation: [held],
        validationDocuments: 7,
      }),
    );
    expect(await tokensOf(directory)).toEqual(await joined(texts.slice(0, 260)));
    expect(inputs.map(({ documents }) => documents)).toEqual([250, 10, 7]);
    expect(splits.validation.documents).toBe(7);
  });

  it('bring the pruned tokenizer along that they were made with', async () => {
    const tokenizer = await loadTokenizer('embedded', { prune: { size: 1500 } });
    const directory = freshFolder();
    await prepareFiles([first], directory, { tokenizer });
    const data = await openTextData({
      source: { type: 'prepared', directory },
      contextLength: 8,
      batchSize: 1,
      seed: 0,
    });
    expect([data.vocabularySize, data.tokenizer.hash]).toEqual([1500, tokenizer.hash]);
    const tokens = await tokensOf(directory);
    const start = tokens.slice(0, tokens.indexOf(tokenizer.endOfSequence));
    expect(start).toEqual(tokenizer.encode(texts[0]!));
    expect(data.tokenizer.decode(start)).toBe(texts[0]);
  });

  it('come from a source of the caller as well', async () => {
    const shard = {
      name: 'made up',
      bytes: undefined,
      async *open() {
        for (const text of texts.slice(0, 5)) yield { text, timestamp: null, url: null, location: 'here' };
      },
    };
    const source = {
      describe: async () => ({ type: 'made up', of: 5 }),
      shards: async (split: string) => (split === 'train' ? [shard] : []),
    };
    const directory = freshFolder();
    const options = { source, directory, tokenizer: 'embedded', workers: 0, validationFraction: 0 } as const;
    expect(manifestOf(await prepareTokenShards(options)).source).toEqual({ type: 'made up', of: 5 });
    expect(await tokensOf(directory)).toEqual(await joined(texts.slice(0, 5)));
  });
});

describe('a preparation', () => {
  it('tells how far it is, with speed and time left', async () => {
    const progress: PreparationProgress[] = [];
    const { splits } = manifestOf(
      await prepareFiles([first, second], freshFolder(), { onProgress: (event) => progress.push(event) }),
    );
    const fractions = progress.map(({ fraction }) => fraction!);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(progress.at(-1)).toMatchObject({
      documents: 400,
      tokens: splits.train.tokens + splits.validation.tokens,
      fraction: 1,
      secondsLeft: 0,
    });
    const { tokens, seconds, tokensPerSecond } = progress.at(-1)!;
    expect(tokensPerSecond).toBeCloseTo(tokens / seconds, 6);
  });

  it('continues where it was stopped, and does nothing when it is done', async () => {
    const [whole, stopped] = [freshFolder(), freshFolder()];
    const options = { shardTokens: 1500, seed: 2, validationFraction: 0.2 };
    await prepareFiles([first, second], whole, options);
    const stop = new AbortController();
    const onProgress = ({ documents }: PreparationProgress) => documents >= 128 && stop.abort();
    const result = await prepareFiles([first, second], stopped, {
      ...options,
      signal: stop.signal,
      onProgress,
    });
    expect(result).toEqual({ status: 'interrupted' });
    await expect(openFolder(stopped, { contextLength: 4, batchSize: 1, seed: 0 })).rejects.toThrow(
      'has no manifest.json',
    );
    const events: PreparationProgress[] = [];
    await prepareFiles([first, second], stopped, { ...options, onProgress: (event) => events.push(event) });
    expect(events[0]!.documents).toBeGreaterThan(128);
    expect(filesOf(stopped)).toEqual(filesOf(whole));
    const again = await prepareFiles([first, second], stopped, options);
    expect(again.status).toBe('present');
    expect(filesOf(stopped)).toEqual(filesOf(whole));
  });

  it('refuses a folder of other settings or text, and names the first that differs', async () => {
    const directory = freshFolder();
    await prepareFiles([first], directory, { seed: 1 });
    await expect(prepareFiles([first], directory, { seed: 2 })).rejects.toThrow('seed is 1 there and 2 here');
    await expect(prepareFiles([first], directory, { seed: 1, documents: 5 })).rejects.toThrow(
      /limits is .*"documents":null.* there and .*"documents":5.* here; give another folder/,
    );
    await expect(prepareFiles([second], directory, { seed: 1 })).rejects.toThrow(/source is .*first\.jsonl/);
  });

  it('refuses a folder in which another process works, and takes over that of one which is gone', async () => {
    const directory = freshFolder();
    mkdirSync(directory);
    const lock = join(directory, 'prepare.lock');
    // Of another machine, which shows signs of life.
    const other = JSON.stringify({ host: 'elsewhere', place: '', process: 1, token: 'x', leaseSeconds: 60 });
    writeFileSync(lock, other);
    await expect(prepareFiles([first], directory)).rejects.toThrow(
      'process 1 on elsewhere is preparing shards in',
    );
    expect(existsSync(lock)).toBe(true);
    const leftovers = ['prepare.lock.a-dead-one.stale', 'manifest.json.5-x.partial'].map((name) =>
      join(directory, name),
    );
    const others = ['mine.partial', 'manifest.json.partial'].map((name) => join(directory, name));
    for (const path of [...leftovers, ...others]) writeFileSync(path, '{');
    const minutesAgo = Date.now() / 1000 - 120;
    utimesSync(lock, minutesAgo, minutesAgo);
    const [one, two] = await Promise.allSettled([
      prepareFiles([first], directory),
      prepareFiles([first], directory),
    ]);
    const failed = [one, two].filter(({ status }) => status === 'rejected');
    expect(failed).toHaveLength(1);
    expect((failed[0] as PromiseRejectedResult).reason.message).toContain('is preparing shards in');
    expect([lock, ...leftovers].filter((path) => existsSync(path))).toEqual([]);
    // What is no file of a preparation is left alone.
    expect(others.every((path) => existsSync(path))).toBe(true);
  });

  it.each(['tokenizer.json', 'train-00003.tokens', 'validation-00000.documents'])(
    'refuses a folder whose %s would be replaced though no preparation has made it',
    async (name) => {
      const directory = freshFolder();
      mkdirSync(directory);
      writeFileSync(join(directory, name), 'mine');
      await expect(prepareFiles([first], directory)).rejects.toThrow(
        `${directory} has a ${name} that is not of an unfinished preparation`,
      );
      expect(filesOf(directory)).toEqual({ [name]: Buffer.from('mine').toString('hex') });
    },
  );

  it('takes other settings in a folder in which nothing was written', async () => {
    const directory = freshFolder();
    const empty = writeTexts(folder, 'nothing.jsonl', [' ', '']);
    await expect(prepareFiles([empty], directory, { seed: 1 })).rejects.toThrow('the source has no text');
    expect((await prepareFiles([first], directory, { seed: 2 })).status).toBe('complete');
    const fresh = freshFolder();
    await prepareFiles([first], fresh, { seed: 2 });
    expect(filesOf(directory)).toEqual(filesOf(fresh));
  });

  it('says so when the source has no text, or was changed while it was stopped', async () => {
    const empty = writeTexts(folder, 'empty.jsonl', [' ', '']);
    await expect(prepareFiles([empty], freshFolder())).rejects.toThrow('the source has no text');
    const directory = freshFolder();
    const stop = new AbortController();
    await prepareFiles([first], directory, { signal: stop.signal, onProgress: () => stop.abort() });
    const state = join(directory, 'prepare.state.json');
    writeFileSync(state, readFileSync(state, 'utf8').slice(0, 50));
    await expect(prepareFiles([first], directory)).rejects.toThrow('prepare.state.json is not JSON');
  });

  it('does not continue from a state or from bytes that have changed since they were written', async () => {
    const stopped = freshFolder();
    const stop = new AbortController();
    await prepareFiles([first], stopped, { signal: stop.signal, onProgress: () => stop.abort() });
    const state = join(stopped, 'prepare.state.json');
    const text = readFileSync(state, 'utf8');
    // The state of another moment would leave documents out, or hold them twice.
    writeFileSync(state, text.replace(/"documents":1/, '"documents":2'));
    expect(readFileSync(state, 'utf8')).not.toBe(text);
    await expect(prepareFiles([first], stopped)).rejects.toThrow(
      /prepare\.state\.json is damaged or was edited: .*: remove the folder and start over$/,
    );
    writeFileSync(state, text);
    for (const file of ['train-00000.tokens', 'train-00000.documents'].map((name) => join(stopped, name))) {
      const bytes = readFileSync(file);
      bytes[10]! ^= 1;
      writeFileSync(file, bytes);
      await expect(prepareFiles([first], stopped)).rejects.toThrow(
        `${file} was damaged since it was written: remove the folder and start over`,
      );
      bytes[10]! ^= 1;
      writeFileSync(file, bytes);
    }
    expect((await prepareFiles([first], stopped)).status).toBe('complete');
  });

  it('says of a source whose lines are all malformed what is wrong with the first', async () => {
    const path = join(folder, 'other-field.jsonl');
    writeFileSync(path, '{"body":"words"}\n{"body":"more"}\n');
    await expect(prepareFiles([path], freshFolder())).rejects.toThrow(
      /no training document gives a token; 2 lines are malformed, the first .*other-field\.jsonl line 1: the field "text" must be a string, got none: there are "body"/,
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ shardToken: 5 }, 'prepareTokenShards has no option "shardToken": did you mean "shardTokens"?'],
    [{ workers: -1 }, 'workers must be an integer of 0 or more, got -1 (number)'],
    [{ workers: 1e6 }, 'workers must be at most 1024 threads, got 1000000 (number)'],
    [
      { validationFraction: 1 },
      'validationFraction must be a number of at least 0 and below 1, got 1 (number)',
    ],
    [{ checkpointSeconds: -1 }, 'checkpointSeconds must be a number of at least 0, got -1 (number)'],
    [{ directory: '' }, 'directory must be the path of a folder, got "" (string)'],
    [{ validationDocuments: 3 }, 'validationDocuments needs a source with validation documents'],
  ])('refuses the options %j', async (changes, message) => {
    await expect(prepareFiles([first], freshFolder(), changes as Partial<PrepareOptions>)).rejects.toThrow(
      message,
    );
  });
});
