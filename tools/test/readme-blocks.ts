import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One fenced block of JavaScript in a README. */
export interface ReadmeBlock {
  /** Path from the repository root. */
  readonly file: string;
  /** Line of its first line of code, counted from 1. */
  readonly line: number;
  readonly code: string;
}

export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));

/** Whether a file of the repository exists, by its path from the root. */
export const isInRepository = (file: string): boolean => existsSync(`${repositoryRoot}${file}`);

/** The text of a file of the repository, by its path from the root. */
export const readInRepository = (file: string): string => readFileSync(`${repositoryRoot}${file}`, 'utf8');

/** The README that every package must have, whether it is there or not. */
export function packageReadmes(): string[] {
  return readdirSync(`${repositoryRoot}packages`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && isInRepository(`packages/${entry.name}/package.json`))
    .map((entry) => `packages/${entry.name}/README.md`)
    .sort();
}

/** The ```js blocks of Markdown text; other fences do not count. */
export function blocksOf(file: string, text: string): ReadmeBlock[] {
  const blocks: ReadmeBlock[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const fence = /^(`{3,})(\S*)\s*$/.exec(lines[index]!);
    if (fence === null) continue;
    const end = lines.indexOf(fence[1]!, index + 1);
    if (end < 0) throw new Error(`${file}:${index + 1}: this fence is never closed`);
    if (fence[2] === 'js') {
      blocks.push({ file, line: index + 2, code: `${lines.slice(index + 1, end).join('\n')}\n` });
    }
    index = end;
  }
  return blocks;
}

/** The scripts that Markdown text tells its reader to run with `npm run`. */
export function npmScriptsOf(text: string): string[] {
  return [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!);
}
