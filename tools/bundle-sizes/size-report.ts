import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable } from '../../packages/run-files/src/markdown-table.ts';
import { type BundleSize, bundleSize } from './bundle-size.ts';
import { type MeasuredProgram, measuredPrograms, optimizerLimit } from './measured-programs.ts';

/** A program as it was measured. */
export interface MeasuredSize extends BundleSize {
  readonly title: string;
  /** In KB of 1000 bytes. */
  readonly limit: number;
}

/** Bytes as KB of 1000, with one decimal. */
export const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1);

/** The size of a program's bundle. */
export async function measured(program: MeasuredProgram, repository: string): Promise<MeasuredSize> {
  const { title, code, limit, without = [] } = program;
  const size = await bundleSize(code, join(repository, 'tools'), ['@tensorflow/*', ...without]);
  return { title, limit, ...size };
}

/** The size of every measured program, and of the largest optimizer package of all. */
export async function measureAll(repository: string): Promise<MeasuredSize[]> {
  const sizes: MeasuredSize[] = [];
  for (const program of measuredPrograms) sizes.push(await measured(program, repository));
  const folders = readdirSync(join(repository, 'packages')).filter((name) => name.startsWith('optim-'));
  let largest: MeasuredSize | undefined;
  for (const folder of folders) {
    const code = `export * from '@steepest/${folder}';`;
    const size = await measured(
      { title: `largest optimizer: \`${folder}\``, code, limit: optimizerLimit },
      repository,
    );
    if (largest === undefined || size.initial > largest.initial) largest = size;
  }
  return largest === undefined ? sizes : [...sizes, largest];
}

/** What was measured, as a table. */
export function sizeTable(sizes: readonly MeasuredSize[]): string {
  return markdownTable(
    ['program', 'KB at the start', 'limit', 'KB on demand'],
    sizes.map(({ title, initial, limit, onDemand }) => [
      title,
      kilobytes(initial),
      String(limit),
      onDemand === 0 ? '' : kilobytes(onDemand),
    ]),
  );
}

/** One line for each program that is larger than its limit. */
export function oversized(sizes: readonly MeasuredSize[]): string[] {
  return sizes
    .filter(({ initial, limit }) => initial > 1000 * limit)
    .map(
      ({ title, initial, limit }) =>
        `${title} is ${kilobytes(initial)} KB at the start and may be ${limit}: leave something out, load it on demand, or say ` +
        'in tools/bundle-sizes/measured-programs.ts why it is worth more',
    );
}

/** The limits as a table of the documentation, so that it changes only with them. */
export function limitsTable(): string {
  const rows = measuredPrograms.map(({ title, limit }) => [title, `under ${limit} KB`]);
  return markdownTable(
    ['program', 'minified and compressed'],
    [...rows, ['any optimizer package, with all it exports', `under ${optimizerLimit} KB`]],
  );
}
