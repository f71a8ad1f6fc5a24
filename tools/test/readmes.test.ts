import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledSources } from '../source-bundle/source-bundle.ts';
import {
  blocksOf,
  isInRepository,
  npmScriptsOf,
  packageReadmes,
  type ReadmeBlock,
  readInRepository,
  repositoryRoot,
} from './readme-blocks.ts';

/** An example takes seconds; the rest is room for a busy machine. */
const timeLimit = 120_000;
/** Examples at a time. */
const lanes = 2;

// Bare imports resolve from here as from any package of the repository.
const cache = join(repositoryRoot, 'node_modules', '.cache');
let folder = '';
const sourceFlags = await bundledSources();

/** Runs a block as a module of its own and throws with what it printed when it fails. */
async function execute({ file, line, code }: ReadmeBlock): Promise<void> {
  const modulePath = join(folder, `${file.replaceAll('/', '-')}-${line}.mjs`);
  writeFileSync(modulePath, code);
  const working = mkdtempSync(join(folder, 'working-'));
  await promisify(execFile)(process.execPath, [...sourceFlags, modulePath], {
    cwd: working,
    timeout: timeLimit,
  });
}

beforeAll(() => {
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, 'readmes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readmes = [...packageReadmes(), 'README.md', 'examples/README.md'];
const guides = readdirSync(`${repositoryRoot}docs`)
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);
const blocks = [...readmes, 'CONTRIBUTING.md', 'site/home.md', ...guides]
  .filter(isInRepository)
  .flatMap((file) => blocksOf(file, readInRepository(file)));

describe('every README', () => {
  it.each(packageReadmes())('%s is there and has an example that runs', (file) => {
    expect(isInRepository(file)).toBe(true);
    expect(blocks.filter((block) => block.file === file)).not.toHaveLength(0);
  });

  it.each([...readmes, ...guides].filter(isInRepository))('%s names only npm scripts that exist', (file) => {
    const known = ['package.json', file.replace('README.md', 'package.json')]
      .filter((manifest) => manifest.endsWith('.json'))
      .map((manifest) => JSON.parse(readInRepository(manifest)) as { scripts?: Record<string, string> })
      .flatMap(({ scripts = {} }) => Object.keys(scripts));
    for (const name of npmScriptsOf(readInRepository(file))) expect(known).toContain(name);
  });

  it('of the repository and of the examples is there', () => {
    expect(isInRepository('README.md')).toBe(true);
    expect(isInRepository('examples/README.md')).toBe(true);
  });
});

describe.concurrent('the example at', () => {
  const busy: Promise<unknown>[] = Array.from({ length: lanes }, () => Promise.resolve());
  // Each lane runs its blocks one after the other, whatever becomes of those before.
  for (const [index, block] of blocks.entries()) {
    const lane = index % lanes;
    it(
      `${block.file}:${block.line} runs`,
      async () => {
        const run = busy[lane]!.then(() => execute(block));
        busy[lane] = run.catch(() => undefined);
        await run;
      },
      timeLimit * Math.ceil(blocks.length / lanes),
    );
  }
});

describe('blocks of a README', () => {
  it('are its js fences, numbered by their line', () => {
    const text = '# Title\n\n```sh\nnpm i\n```\n\n```js\na();\nb();\n```\n```ts\nc();\n```\n';
    expect(blocksOf('x.md', text)).toEqual([{ file: 'x.md', line: 8, code: 'a();\nb();\n' }]);
  });

  it('must be closed', () => {
    expect(() => blocksOf('x.md', 'text\n```js\na();\n')).toThrow('x.md:2: this fence is never closed');
  });

  it('fail when they throw', async () => {
    const block = { file: 'x.md', line: 1, code: 'throw new Error("wrong weight");\n' };
    await expect(execute(block)).rejects.toThrow('wrong weight');
  });
});
