import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizer } from '../../src/tokenizers/load-tokenizer.ts';
import { type PrepareOptions, prepareTokenShards } from '../../src/tokens/shards/prepare.ts';

/** Makes a folder that `remove` takes away. */
export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'steepest-shards-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Texts that differ in words and length. */
export function madeTexts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const words = Array.from(
      { length: 4 + ((index * 7) % 23) },
      (__, part) => `word${(Math.imul(index, 73_856_093) ^ Math.imul(part, 19_349_663)) >>> 18}`,
    );
    return `document ${index} says ${words.join(' ')}`;
  });
}

/** Writes texts as a file in C4's format. */
export function writeTexts(folder: string, name: string, texts: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(''));
  return path;
}

/** Prepares files with the embedded tokenizer. */
export async function prepareFiles(
  train: readonly string[],
  directory: string,
  options: Partial<PrepareOptions> & { readonly validation?: readonly string[] } = {},
) {
  const { validation, ...others } = options;
  const source = { type: 'files', train, validation } as const;
  return prepareTokenShards({ source, directory, tokenizer: 'embedded', workers: 0, ...others });
}

/** The ids of documents joined, each ended by `</s>`. */
export async function joined(texts: readonly string[]): Promise<number[]> {
  const tokenizer = await loadTokenizer('embedded');
  return texts.flatMap((text) => [...tokenizer.encode(text), tokenizer.endOfSequence]);
}

/** All files of a folder, by name. */
export function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString('hex')]));
}
