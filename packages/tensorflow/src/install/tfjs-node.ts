import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseTarGzip } from 'nanotar';
import type { InstallReport } from './report.ts';
import { lastLines, runCommand } from './run-command.ts';

/** Version of @tensorflow/tfjs-node whose kernels and addon are used. */
export const tfjsNodeVersion = '4.22.0';
/** SHA-512 of the tarball that is published on npm, which a mirror must have too. */
const tfjsNodeIntegrity =
  'sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==';

/** The kernels in JavaScript, the source of the addon and the license; of the tarball nothing else. */
const wantedFile = /^package\/(dist\/(?!.*_test\.js$).*\.js|binding\/\w+\.(cc|h)|package\.json|LICENSE)$/;

/**
 * Puts the files of @tensorflow/tfjs-node that are needed into a folder. npm fetches its tarball and does not install it: its install
 * script would download a libtensorflow from elsewhere, and its dependencies would bring a second tfjs-core.
 *
 * @throws if npm cannot fetch it, or gives another file than was published
 */
export async function placeTfjsNode(folder: string, report: InstallReport): Promise<void> {
  const name = `@tensorflow/tfjs-node@${tfjsNodeVersion}`;
  report.step(`fetching ${name} with npm, without its install script`);
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(folder, 'tarball-'));
  try {
    await npmPack(name, temporary);
    const [file] = (await readdir(temporary)).filter((candidate) => candidate.endsWith('.tgz'));
    await unpackTfjsNode(await readFile(join(temporary, file!)), folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** @throws if the bytes are not those of the published tarball */
export async function unpackTfjsNode(
  tarball: Uint8Array,
  folder: string,
  integrity: string = tfjsNodeIntegrity,
): Promise<void> {
  const found = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  if (found !== integrity) {
    throw new Error(
      `npm gave another @tensorflow/tfjs-node ${tfjsNodeVersion} than was published (${found}, not ${integrity}): ` +
        'look at the registry that npm uses, and clean its cache with `npm cache clean --force`.',
    );
  }
  const files = await parseTarGzip(tarball, { filter: ({ name }) => wantedFile.test(name) });
  for (const { name, data } of files) {
    const path = join(folder, name.slice('package/'.length));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, data ?? '');
  }
}

async function npmPack(name: string, folder: string): Promise<void> {
  const args = ['pack', name, '--pack-destination', folder, '--ignore-scripts', '--silent'];
  // npx and `npm run` say which npm runs them; that need not be the one in the path.
  const npm = process.env.npm_execpath;
  const result = npm?.endsWith('.js')
    ? await runCommand(process.execPath, [npm, ...args])
    : await runCommand('npm', args);
  if (result === undefined)
    throw new Error('There is no npm here, which fetches @tensorflow/tfjs-node: install it.');
  if (result.code !== 0) {
    throw new Error(
      `npm could not fetch ${name}:\n${lastLines(result)}\nLook at its registry and the network.`,
    );
  }
}
