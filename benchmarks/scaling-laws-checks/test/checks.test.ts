import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { overTrainingSection } from '../src/over-training.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const laws = fileURLToPath(new URL('../../../../shared/data/laws/', import.meta.url));

describe('the checks', () => {
  it.each([
    [[], "error: missing required argument 'folder'"],
    [['/nowhere'], '/nowhere/chinchilla/svg_extracted_data.csv: there is no such file or folder'],
  ])('say what they need, called with %j', async (given, message) => {
    const node = ['--conditions=@steepest/source', '--import', import.meta.resolve('tsx'), main, ...given];
    await expect(promisify(execFile)(process.execPath, node)).rejects.toThrow(message);
  });

  it.skipIf(!existsSync(laws))('predict the largest over-trained models within 3 %', async () => {
    expect(await overTrainingSection(laws)).toMatch(
      /The 4 models of more compute.* are predicted with a worst error of 2\.9 %\.$/,
    );
  });
});
