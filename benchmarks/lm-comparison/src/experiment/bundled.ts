import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../experiments/', import.meta.url));

/** Names of the experiments that come with the benchmark, and their files. */
export async function bundledExperiments(): Promise<Map<string, string>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  return new Map(files.map((file) => [basename(file, '.yaml'), join(folder, file)]));
}
