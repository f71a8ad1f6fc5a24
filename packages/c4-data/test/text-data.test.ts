import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type DataPosition,
  loadTokenizer,
  openTextData,
  type TextData,
  type TextDataOptions,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'steepest-text-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Documents whose words tell them apart: "document 17 part 0 part 1 ...". */
const texts = Array.from(
  { length: 60 },
  (_, index) =>
    `document ${index} ${Array.from({ length: 5 + (index % 7) }, (_, part) => `part ${part}`).join(' ')}`,
);
function writeTexts(name: string, list: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, list.map((text) => JSON.stringify({ text })).join('\n'));
  return path;
}
const path = writeTexts('documents.jsonl', texts);

const base: TextDataOptions = {
  source: { type: 'files', train: path },
  tokenizer: 'embedded',
  contextLength: 16,
  batchSize: 4,
  seed: 1,
  validationFraction: 0.1,
};
const open = (changes: Partial<TextDataOptions> = {}) => openTextData({ ...base, ...changes });

/** The sequences of one epoch, read as rows. */
function epochRows(data: TextData): Int32Array[] {
  const rows: Int32Array[] = [];
  while (data.train.position().epoch === 0) {
    const { tokens, sequenceLength } = data.train.next();
    rows.push(tokens.slice(0, sequenceLength));
  }
  // The read that enters epoch 1 belongs to it.
  return rows.slice(0, -1);
}

it('is told from other text, another tokenizer and another split by its identity, whatever the shape and order of batches', async () => {
  const identityOf = async (changes: Partial<TextDataOptions> = {}) => (await open(changes)).identity;
  const identity = await identityOf();
  expect(identity).toMatch(/^[0-9a-f]{64}$/);
  const copy = writeTexts('copy.jsonl', texts);
  expect(await identityOf({ source: { type: 'files', train: copy }, seed: 2, contextLength: 8 })).toBe(
    identity,
  );
  const changed = writeTexts('changed.jsonl', [...texts.slice(0, -1), `${texts.at(-1)} more`]);
  const others = await Promise.all([
    identityOf({ source: { type: 'files', train: changed } }),
    identityOf({ validationFraction: 0.2 }),
    identityOf({ tokenizer: await loadTokenizer('embedded', { prune: { size: 600 } }) }),
  ]);
  expect(new Set([identity, ...others]).size).toBe(4);
  // With its own validation text, and with another.
  const split = (validation: string): Partial<TextDataOptions> => ({
    source: { type: 'files', train: path, validation },
    validationFraction: undefined,
  });
  expect(await identityOf(split(copy))).not.toBe(await identityOf(split(changed)));
});

describe('texts in memory', () => {
  it('have a cache of their own, also where two lists are one text when they are joined', async () => {
    const cacheDirectory = join(folder, 'texts-cache');
    const countOf = async (train: readonly string[]) => {
      const source = { type: 'texts', train } as const;
      const options = { source, cacheDirectory, contextLength: 2, validationFraction: 0 };
      return (await open(options)).tokenCounts.train;
    };
    const [joined, apart] = [
      await countOf(['one two\0three four']),
      await countOf(['one two', 'three four']),
    ];
    // The same words, and an end for each of the documents.
    expect(apart).not.toBe(joined);
    expect(
      await open({
        source: { type: 'texts', train: ['one two', 'three four'] },
        contextLength: 2,
        validationFraction: 0,
      }).then(({ tokenCounts }) => tokenCounts.train),
    ).toBe(apart);
  });

  it('are refused with half of a character, in place of which another would be read', async () => {
    const train = ['whole \ud83d\ude00', 'cut \ud83d'];
    await expect(open({ source: { type: 'texts', train } })).rejects.toThrow(
      'source.train[1] has half of a character at 4: it was cut in two',
    );
  });
});

describe('training batches', () => {
  it('have batchSize rows of contextLength + 1 tokens', async () => {
    const batch = (await open()).train.next();
    expect(batch).toMatchObject({ batchSize: 4, sequenceLength: 17 });
    expect(batch.tokens).toBeInstanceOf(Int32Array);
    expect(batch.tokens).toHaveLength(4 * 17);
  });

  it('predict every token of an epoch once: rows overlap in one token and hold whole documents ended by </s>', async () => {
    const data = await open({ batchSize: 1 });
    const rows = epochRows(data);
    const stream: number[] = [rows[0]![0]!];
    for (const row of rows) {
      expect(row[0]).toBe(stream.at(-1));
      stream.push(...row.subarray(1));
    }
    expect(rows).toHaveLength(Math.floor((data.tokenCounts.train - 1) / 16));
    const joined: string[] = [];
    let document: number[] = [];
    for (const id of stream) {
      if (id === 1) {
        joined.push(data.tokenizer.decode(document));
        document = [];
      } else document.push(id);
    }
    const trained = texts.filter((_, index) => index % 10 !== 9);
    expect(new Set(joined).size).toBe(joined.length);
    for (const text of joined) expect(trained).toContain(text);
    // Only documents of the last, incomplete window may be missing.
    expect(joined.length).toBeGreaterThanOrEqual(trained.length - 2);
    expect(joined).not.toEqual(trained.slice(0, joined.length));
  });

  it('are a pure function of the seed and the epoch', async () => {
    const [one, again, other] = await Promise.all([open(), open(), open({ seed: 2 })]);
    const first = one.train.next().tokens;
    expect(again.train.next().tokens).toEqual(first);
    expect(other.train.next().tokens).not.toEqual(first);
    while (one.train.position().epoch === 0) one.train.next();
    one.train.seek({ ...one.train.position(), token: 0, document: 0, offset: 0 });
    const secondEpoch = one.train.next().tokens;
    expect(secondEpoch).not.toEqual(first);
    again.train.seek({ ...again.train.position(), epoch: 1, token: 0, document: 0, offset: 0 });
    expect(again.train.next().tokens).toEqual(secondEpoch);
  });

  it('continue after a resume exactly as without one, over the ends of epochs', async () => {
    const straight = await open({ batchSize: 7 });
    const positions: DataPosition[] = [];
    const batches: Int32Array[] = [];
    for (let step = 0; step < 30; step += 1) {
      positions.push(JSON.parse(JSON.stringify(straight.train.position())) as DataPosition);
      batches.push(straight.train.next().tokens);
    }
    expect(straight.train.position().epoch).toBeGreaterThan(1);
    for (const step of [0, 1, 9, 14, 29]) {
      const resumed = await open({ batchSize: 7 });
      resumed.train.seek(positions[step]!);
      for (const expected of batches.slice(step)) expect(resumed.train.next().tokens).toEqual(expected);
    }
  });

  it('refuse a position of other data, another seed or a malformed one', async () => {
    const data = await open();
    const position = data.train.position();
    for (const changes of [{ seed: 2 }, { validationFraction: 0.2 }]) {
      const other = await open(changes);
      expect(() => other.train.seek(position)).toThrow('the data position belongs to other data');
    }
    expect(() => data.train.seek({ ...position, token: 1e6 })).toThrow(
      /a whole number from 0 to \d+ as its token, got 1000000/,
    );
    expect(() => data.train.seek({ ...position, epoch: -1 })).toThrow(RangeError);
    expect(() => data.train.seek(null as unknown as DataPosition)).toThrow(
      'schemaVersion 3, 2 or 1, got null',
    );
    expect(JSON.stringify(position).length).toBeLessThan(150);
  });

  it('continue from a position of schemaVersion 1, which counted sequences', async () => {
    // Position and tokens as version 0.1.0 of this package gave them after 9 of these batches.
    const position = { schemaVersion: 1, epoch: 0, sequence: 36, fingerprint: 'ee8773586124f2d3' } as const;
    const tokens = [174, 758, 433, 163, 19, 251, 163, 937, 163, 364, 163, 518, 163, 645, 1, 120, 53];
    const data = await open();
    data.train.seek(position);
    expect(Array.from(data.train.next().tokens.subarray(0, 17))).toEqual(tokens);
    const other = await open({ contextLength: 8 });
    expect(() => other.train.seek(position)).toThrow(/in a position of schemaVersion 1 the contextLength/);
  });

  it('continue from a position of schemaVersion 2, which named no document', async () => {
    const straight = await open();
    for (const steps of [0, 5, 7]) {
      for (let step = 0; step < steps; step += 1) straight.train.next();
      const { epoch, token, fingerprint } = straight.train.position();
      const data = await open();
      data.train.seek({ schemaVersion: 2, epoch, token, fingerprint });
      expect(data.train.next()).toEqual(straight.train.next());
    }
  });
});

describe('training batches of changing shapes', () => {
  /** Shapes in an order without a pattern, long and short ones side by side. */
  const shapes = [3, 40, 7, 7, 16, 2, 25, 64, 1, 9, 30].map((contextLength, index) => ({
    contextLength,
    batchSize: 1 + (index % 3),
  }));

  it('predict every token of an epoch once, in the order of batches of one shape', async () => {
    const [stream, changing] = await Promise.all([open({ contextLength: 1, batchSize: 1 }), open()]);
    const joined: number[] = [];
    while (stream.train.position().epoch === 0) joined.push(stream.train.next().tokens[0]!);
    let token = 0;
    for (const shape of shapes) {
      const { tokens, batchSize, sequenceLength } = changing.train.next(shape);
      expect([batchSize, sequenceLength]).toEqual([shape.batchSize, shape.contextLength + 1]);
      for (let row = 0; row < batchSize; row += 1) {
        const sequence = tokens.subarray(row * sequenceLength, (row + 1) * sequenceLength);
        expect(Array.from(sequence)).toEqual(joined.slice(token, token + sequenceLength));
        token += shape.contextLength;
      }
      expect(changing.train.position()).toMatchObject({ epoch: 0, token });
    }
  });

  it('continue after a resume exactly as without one, in a stream of any shape and over the ends of epochs', async () => {
    const straight = await open();
    const rounds = Array.from({ length: 8 }, () => shapes).flat();
    const positions: DataPosition[] = [];
    const batches = rounds.map((shape) => {
      positions.push(JSON.parse(JSON.stringify(straight.train.position())) as DataPosition);
      return straight.train.next(shape);
    });
    expect(straight.train.position().epoch).toBeGreaterThan(1);
    for (const step of [0, 1, 7, 40, 87]) {
      const resumed = await open({ contextLength: 5, batchSize: 9 });
      resumed.train.seek(positions[step]!);
      for (let at = step; at < rounds.length; at += 1) {
        expect(resumed.train.next(rounds[at])).toEqual(batches[at]);
      }
    }
  });

  it('leave validation as it was, and refuse a shape that is none or that the text is too short for', async () => {
    const data = await open();
    const validation = data.validation({ sequences: 5 });
    data.train.next({ contextLength: 32, batchSize: 2 });
    expect(data.validation({ sequences: 5 })).toEqual(validation);
    const position = data.train.position();
    expect(() => data.train.next({ contextLength: 0, batchSize: 2 })).toThrow(
      'contextLength must be an integer of 1 or more, got 0 (number)',
    );
    expect(() => data.train.next({ contextLength: 8, batchSize: 2 ** 50 })).toThrow(
      'a batch of 1125899906842624 sequences of 9 tokens does not fit in memory: use a smaller batchSize',
    );
    expect(() => data.train.next({ contextLength: 8, batchSize: 1.5 })).toThrow(
      'batchSize must be an integer',
    );
    expect(() => data.train.next({ contextLength: 1e6, batchSize: 1 })).toThrow(
      /contextLength 1000000 needs 1000001 tokens for one sequence, but the training documents have \d+/,
    );
    expect(data.train.position()).toEqual(position);
  });
});

describe('validation batches', () => {
  it('are the same for every seed and call, and training does not see them', async () => {
    const [one, two] = await Promise.all([open(), open({ seed: 99 })]);
    const batches = one.validation({ sequences: 5, batchSize: 2 });
    expect(batches.map(({ batchSize }) => batchSize)).toEqual([2, 2, 1]);
    one.train.next();
    expect(one.validation({ sequences: 5, batchSize: 2 })).toEqual(batches);
    expect(two.validation({ sequences: 5, batchSize: 2 })).toEqual(batches);
    const text = one.tokenizer.decode(batches.flatMap(({ tokens }) => Array.from(tokens)));
    expect(text).toMatch(/document \d?9 /);
    expect(text).not.toMatch(/document \d?[0-8] /);
  });

  it('say how many there are when too many are asked for', async () => {
    const data = await open();
    const available = Math.floor((data.tokenCounts.validation - 1) / 16);
    expect(data.validation({ sequences: available })).not.toHaveLength(0);
    expect(() => data.validation({ sequences: available + 1 })).toThrow(
      `validation has ${available} sequences of contextLength 16: sequences must be an integer from 1 to that`,
    );
  });

  it('say how many bytes of text their targets stand for, and </s> stands for none', async () => {
    const lines = ['one small piece', 'das heißt übermäßig viel', '日本 and more words', 'the end of it all'];
    const validation = writeTexts('bytes.jsonl', lines);
    const { validationFraction: _, ...rest } = base;
    const source = { type: 'files', train: path, validation } as const;
    const data = await openTextData({ ...rest, source, contextLength: 1 });
    const { tokenizer, tokenCounts } = data;
    const { tokens, textBytes } = data.validation({
      sequences: tokenCounts.validation - 1,
      batchSize: 1000,
    })[0]!;
    // The order is the data's own; it tells which document each target belongs to.
    const stream = [tokens[0]!, ...Array.from(textBytes!, (_, row) => tokens[2 * row + 1]!)];
    const texts = tokenizer.decode(stream.filter((id) => id !== 1));
    const byLength = new Map(lines.map((line) => [`${tokenizer.encode(line)}`, Buffer.byteLength(line)]));
    const expected: number[] = [];
    let document: number[] = [];
    for (const id of stream) {
      if (id !== 1) document.push(id);
      else {
        const bytes = byLength.get(`${document}`)!;
        expected.push(...document.map(() => bytes / document.length), 0);
        document = [];
      }
    }
    expect(texts).toContain('small piece');
    expect(expected).toHaveLength(stream.length);
    expect(Array.from(textBytes!)).toEqual(expected.slice(1));
    const [whole] = (await openTextData({ ...rest, source, contextLength: stream.length - 1 })).validation({
      sequences: 1,
    });
    // All text but the first token: 15 + 28 + 21 + 17 bytes. Sums of quotients round in the last of 53 bits.
    expect(whole!.textBytes![0]).toBeCloseTo(81 - expected[0]!, 10);
  });

  it('come from their own files where these are given', async () => {
    const validation = writeTexts('other.jsonl', ['apples and pears '.repeat(20)]);
    const { validationFraction, ...rest } = base;
    const data = await openTextData({ ...rest, source: { type: 'files', train: path, validation } });
    expect(data.tokenizer.decode(data.validation({ sequences: 1 })[0]!.tokens)).toMatch(/^apples and pears/);
    await expect(
      openTextData({ ...rest, source: { type: 'files', train: path, validation: path } }),
    ).rejects.toThrow('is both a training and a validation file');
    expect(validationFraction).toBe(0.1);
  });
});

describe('too little text', () => {
  it('is an error for an empty corpus', async () => {
    const source = { type: 'files', train: writeTexts('empty.jsonl', ['', '  ']) } as const;
    await expect(open({ source })).rejects.toThrow(
      /empty\.jsonl has no text: not one document gives a token/,
    );
  });

  it('is an error for a contextLength above the tokens, which says how many there are', async () => {
    await expect(open({ contextLength: 100_000 })).rejects.toThrow(
      /contextLength 100000 needs 100001 tokens for one sequence, but the training documents have \d+/,
    );
    await expect(open({ validationFraction: 0.01 })).rejects.toThrow('but the validation documents have 0');
    expect((await open({ validationFraction: 0 })).tokenCounts.validation).toBe(0);
  });
});

describe('options', () => {
  it.each<[Record<string, unknown>, string | RegExp]>([
    [{ contextLenght: 5 }, 'openTextData has no option "contextLenght": did you mean "contextLength"?'],
    [{ contextLength: 0 }, 'contextLength must be an integer of 1 or more, got 0 (number)'],
    [{ batchSize: '8' }, 'batchSize must be an integer of 1 or more, got "8" (string)'],
    [{ seed: 1.5 }, 'seed must be an integer of 0 or more, got 1.5 (number)'],
    [
      { validationFraction: 1 },
      'validationFraction must be a number of at least 0 and below 1, got 1 (number)',
    ],
    [
      { source: { type: 'hub' } },
      "source must be { type: 'embedded' }, { type: 'texts', train: [...] }, { type: 'files', train: [...] }, { type: 'c4', train: { shards: 1 } } or { type: 'prepared', directory }",
    ],
    [{ source: { type: 'embedded', train: 'x' } }, 'source has no option "train"'],
    [
      { source: { type: 'files', train: [] } },
      'source.train must be a path or a list of paths, got [] (array)',
    ],
    [{ source: { type: 'files', train: 'a', validation: 'b' } }, 'not both'],
    [{ tokenizer: 't5' }, /^tokenizer must be 'embedded', { file: .* or { hub: .*, got "t5" \(string\)/],
    [{ cacheDirectory: 5 }, 'cacheDirectory must be the path of a folder, got 5 (number)'],
    [{ onProgress: true }, 'onProgress must be a function, got true (boolean)'],
  ])('%j is rejected with what would be right', async (changes, message) => {
    await expect(openTextData({ ...base, ...changes } as TextDataOptions)).rejects.toThrow(message);
  });
});
