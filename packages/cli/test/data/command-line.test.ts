import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  filesOf,
  madeTexts,
  temporaryFolder,
  writeTexts,
} from '../../../c4-data/test/shards/prepared-folder.ts';
import { sourceFlags } from '../bench-process.ts';
import { runInProcess } from '../run-in-process.ts';

const { path: folder, remove } = temporaryFolder();
afterAll(remove);
const texts = writeTexts(folder, 'texts.jsonl', madeTexts(200));
appendFileSync(texts, 'broken\n');
const out = join(folder, 'shards');

const run = (...args: string[]) => runInProcess('data', ...args);

beforeAll(async () => {
  const { exitCode } = await run('prepare', texts, '--out', out, '--workers', '0', '--seed', '1');
  expect(exitCode).toBe(0);
});

describe('steepest data prepare', () => {
  it('tells what it prepared and left out, and that a folder was complete before', async () => {
    const again = join(folder, 'again');
    const first = await run('prepare', texts, '--out', again, '--workers', '0', '--seed', '1');
    expect(first.output).toMatch(/^train: 190 documents, [\d,]+ tokens, 1 shard\nvalidation: 10 documents/);
    expect(first.output).toContain('malformed lines left out: 1');
    expect(first.errors).toMatch(/left out .*texts\.jsonl line 201: not a JSON object/);
    const second = await run('prepare', texts, '--out', again, '--workers', '0', '--seed', '1');
    expect(second.output).toContain(`${again} was complete before`);
    expect(filesOf(again)).toEqual(filesOf(out));
  });

  it.each<[string[], string]>([
    [['prepare', 'embedded'], "required option '--out <folder>' not specified"],
    [['prepare', 'embedded', 'more', '--out', 'x'], '"embedded" must be the only source'],
    [['prepare', 'c4', '--out', 'x'], 'the source "c4" needs --shards'],
    [['prepare', 'c4:de', '--shards', '1', '--out', 'x'], 'variant must be one of'],
    [['prepare', 'c4:de', '--out', 'x'], 'variant must be one of'],
    [
      ['prepare', 'c4', '--shards', '0-2000', '--out', 'x'],
      'got a list of 2001 from 0 (number) to 2000 (number)',
    ],
    [['prepare', 'c4', '--shards', '0-99999999999', '--out', 'x'], 'names more than 100000 shards'],
    [
      ['prepare', 'c4', '--shards', '1', '--text-field', 'x', '--out', 'x'],
      'textField is an option of files',
    ],
    [['prepare', 'a', '--shards', '5', '--out', 'x'], 'shards is an option of the source "c4"'],
    [['prepare', 'a', '--shards', '7-5', '--out', 'x'], 'It must be a number of shards'],
    [['prepare', 'a', '--seed', 'x', '--out', 'x'], 'It must be a whole number of at least 0'],
    [['prepare', 'a', '--validation-fraction', '1', '--out', 'x'], 'at least 0 and below 1'],
    [['prepair'], "unknown command 'prepair'"],
  ])('refuses %j with exit code 2 and what would be right', async (args, message) => {
    const { exitCode, errors } = await run(...args);
    expect(exitCode).toBe(2);
    expect(errors).toContain(message);
    expect(existsSync('x')).toBe(false);
  });

  it('prints nothing of a file raw, and tells of the files of a folder that it passes over', async () => {
    const nested = join(folder, 'nested');
    mkdirSync(join(nested, 'sub'), { recursive: true });
    writeFileSync(join(nested, '_SUCCESS'), '');
    const lines = madeTexts(100).map((text) => JSON.stringify({ content: `${text} \u001b[31mred` }));
    writeFileSync(join(nested, 'sub', 'a\u001b[32m.jsonl'), `${lines.join('\n')}\n\u001b[33mno JSON\n`);
    const shards = join(folder, 'nested-shards');
    const prepared = await run(
      'prepare',
      nested,
      '--text-field',
      'content',
      '--out',
      shards,
      '--workers',
      '0',
    );
    expect(prepared.errors).toContain(`skipped ${join(nested, '_SUCCESS')}: a hidden file`);
    expect(prepared.errors).toContain('left out');
    const inspected = await run('inspect', shards);
    expect(prepared.exitCode + inspected.exitCode).toBe(0);
    for (const { output, errors } of [prepared, inspected]) expect(output + errors).not.toContain('\u001b');
  });

  it('answers a missing file with exit code 1', async () => {
    const { exitCode, errors } = await run('prepare', join(folder, 'absent'), '--out', join(folder, 'none'));
    expect(exitCode).toBe(1);
    expect(errors).toContain('source file not found');
  });

  it('pauses on Ctrl-C with exit code 130, and the same command resumes', { timeout: 60_000 }, async () => {
    const many = writeTexts(folder, 'many.jsonl', madeTexts(30_000));
    const paused = join(folder, 'paused');
    const args = ['prepare', many, '--out', paused, '--workers', '0', '--shard-tokens', '10000'];
    const child = start(args);
    await vi.waitUntil(() => existsSync(join(paused, 'train-00002.tokens')), {
      timeout: 30_000,
      interval: 5,
    });
    child.kill('SIGINT');
    const [code] = await new Promise<[number]>((resolve) =>
      child.once('close', (...end) => resolve(end as never)),
    );
    expect(code).toBe(130);
    expect(existsSync(join(paused, 'manifest.json'))).toBe(false);
    expect((await run(...args)).exitCode).toBe(0);
    expect((await run('verify', paused)).exitCode).toBe(0);
  });
});

function start(args: readonly string[]): ChildProcess {
  const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const node = [...sourceFlags, program, 'data'];
  return spawn(process.execPath, [...node, ...args], { stdio: 'ignore' });
}

describe('steepest data inspect', () => {
  it('shows counts, lengths, the most frequent tokens and a decoded document', async () => {
    const { exitCode, output } = await run('inspect', out, '--top', '3', '--sample', '2');
    expect(exitCode).toBe(0);
    expect(output).toMatch(/│ train +│ +1 │ +190 │/);
    expect(output).toMatch(/│ validation +│ +1 │ +10 │/);
    expect(output).toMatch(/│ 64 - 127 +│ +\d+ │ [█░]{24} │/);
    expect(output).toMatch(/│ "word" +│/);
    expect(output.match(/A training document, decoded\ndocument \d+ says word/g)).toHaveLength(2);
    expect(output).toContain('malformed lines left out: 1');
  });

  it('prints the same as JSON', async () => {
    const { output } = await run('inspect', out, '--json', '--top', '2', '--sample', '1');
    const { splits, inputs } = JSON.parse(output);
    expect(inputs).toMatchObject([{ name: texts, documents: 200, malformedLines: 1 }]);
    const { train } = splits;
    expect(train).toMatchObject({ documents: 190, shards: 1 });
    expect(train.mostFrequent).toHaveLength(2);
    expect(
      train.lengths.bins.reduce((sum: number, { documents }: { documents: number }) => sum + documents, 0),
    ).toBe(190);
    expect(train.lengths.mean).toBeCloseTo(train.tokens / 190, 10);
    expect(train.lengths.shortest).toBeLessThan(train.lengths.quantiles['0.5']);
    expect(train.lengths.quantiles['0.5']).toBeLessThan(train.lengths.longest);
    expect(train.sample[0]).toMatch(/^document \d+ says word/);
  });
});

describe('steepest data verify', () => {
  it('answers a broken shard with exit code 1 and names it', async () => {
    expect((await run('verify', out)).output).toMatch(/is as it was written: 2 shards, 200 documents/);
    const broken = join(folder, 'broken');
    cpSync(out, broken, { recursive: true });
    const file = openSync(join(broken, 'train-00000.tokens'), 'r+');
    writeSync(file, Uint16Array.of(9), 0, 2, 0);
    const { exitCode, output, errors } = await run('verify', broken);
    expect(exitCode).toBe(1);
    expect(output).toBe(`${broken} is damaged\n`);
    expect(errors).toMatch(
      /^train-00000\.tokens has SHA-256 \w+ where the manifest says \w+: its bytes have changed/,
    );
  });
});

it('continues to its own exit code where nobody reads its output, as behind head', async () => {
  const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const node = [...sourceFlags, program, 'data'];
  const endOf = async (...args: string[]) => {
    const child = spawn(process.execPath, [...node, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    return { code, errors };
  };
  const unread = join(folder, 'unread');
  const prepared = await endOf('prepare', 'embedded', '--documents', '20', '--workers', '0', '--out', unread);
  expect(prepared.code, prepared.errors).toBe(0);
  expect(await endOf('inspect', unread)).toEqual({ code: 0, errors: '' });
  expect((await endOf('inspect', join(folder, 'nowhere'))).code).toBe(1);
});

describe('steepest data train-tokenizer', () => {
  it('writes a tokenizer.json of plain text that prepare takes', async () => {
    const text = join(folder, 'book.txt');
    writeFileSync(text, madeTexts(100).join('\n\n'));
    for (const type of ['unigram', 'bpe']) {
      const file = join(folder, `${type}.json`);
      const trained = await run('train-tokenizer', text, '--type', type, '--size', '300', '--out', file);
      expect(trained).toMatchObject({ exitCode: 0, errors: '' });
      expect(trained.output).toMatch(/(unigram|bpe)\.json: 300 pieces from [\d,]+ bytes of text\n$/);
      const prepared = join(folder, `with-${type}`);
      const result = await run('prepare', text, '--tokenizer', file, '--out', prepared, '--workers', '0');
      expect(result.output).toMatch(/^train: 95 documents/);
      expect((await run('inspect', prepared)).output).toContain('vocabulary 300');
    }
  });

  it('refuses what it cannot train', async () => {
    const wrong = await run('train-tokenizer', texts, '--type', 'wordpiece', '--out', 'x');
    expect(wrong).toMatchObject({ exitCode: 2 });
    expect(wrong.errors).toContain('Allowed choices are unigram, bpe');
    const small = await run('train-tokenizer', texts, '--type', 'bpe', '--size', '9', '--out', 'x');
    expect(small).toMatchObject({ exitCode: 2 });
    expect(small.errors).toContain('vocabularySize must be an integer of 258 or more, got 9 (number)');
    expect(existsSync('x')).toBe(false);
  });
});

it('the help names the command as it is called', async () => {
  const { exitCode, output } = await run('--help');
  expect(exitCode).toBe(0);
  expect(output).toMatch(/^Usage: steepest data /);
  expect(output).toContain('npx @steepest/cli data train-tokenizer');
});
