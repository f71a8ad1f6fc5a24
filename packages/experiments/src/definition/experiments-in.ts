import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Names and paths of the experiment files in a folder. */
export async function experimentsIn(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  return new Map(files.map((file) => [basename(file, '.yaml'), join(folder, file)]));
}
