import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readInRepository } from './readme-blocks.ts';
import type { RepositoryCopy } from './repository-copy.ts';

export const contributing = readInRepository('CONTRIBUTING.md');

/** The command of CONTRIBUTING.md that creates its example, as a person pastes it into a shell. */
const command = /^npm run new:optimizer -- (?:.*\\\n)*.*$/m.exec(contributing)![0];

/** The code of CONTRIBUTING.md: a sentence that ends in a path, and then the whole text of that file. */
export const walkthroughFiles = [...contributing.matchAll(/`(packages\/\S+)`:\n\n```ts\n(.*?)^```$/gms)].map(
  ([, path, code]) => ({ path: path!, code: code! }),
);

/** The README of CONTRIBUTING.md: what stands above `## Install`, and the line on state. */
const [readmeHead, readmeState] = [...contributing.matchAll(/^```md\n(.*?)^```$/gms)].map(
  ([, text]) => text!,
);

/**
 * Does in a copy of the repository what CONTRIBUTING.md says up to the first run of the tests.
 *
 * @throws Error if a file that it tells to change is not there.
 */
export async function followWalkthrough(copy: RepositoryCopy): Promise<void> {
  const folder = 'packages/optim-ada-belief';
  await copy.run('sh', ['-c', command]);
  for (const { path, code } of walkthroughFiles) {
    if (!existsSync(copy.path(path))) throw new Error(`CONTRIBUTING.md changes ${path}, which is not there`);
    writeFileSync(copy.path(path), code);
  }
  const readme = copy.path(folder, 'README.md');
  const text = readFileSync(readme, 'utf8')
    .replace(/^.*?(?=## Install)/s, () => readmeHead!)
    .replace(/^\*\*State:\*\*.*\n/m, () => readmeState!);
  writeFileSync(readme, text);
  // What the script of CONTRIBUTING.md recorded when it was run.
  cpSync(copy.path('tools/test/fixtures/ada-belief'), copy.path(folder, 'test/fixtures'), {
    recursive: true,
  });
  await copy.runNpm('docs');
}
