import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../../tensorflow/test/temporary-folder.ts';
import { runInProcess } from './run-in-process.ts';

const folder = useTemporaryFolder();

/** Runs the command line and returns its exit code and what it printed. */
async function run(...args: string[]): Promise<{ code: number; printed: string }> {
  const { exitCode, output, errors } = await runInProcess('tensorflow', ...args);
  return { code: exitCode, printed: output + errors };
}

describe('steepest tensorflow', () => {
  it('explains itself', async () => {
    const { code, printed } = await run('--help');
    expect(code).toBe(0);
    expect(printed).toContain(join(folder.path, 'cache/steepest/tensorflow'));
    expect(printed).toContain('Exit codes:');
  });

  it('refuses what it does not know', async () => {
    expect((await run('instal')).code).toBe(2);
    expect((await run('install', '--cuda')).code).toBe(2);
  });

  it('check says that there is nothing, and fails', async () => {
    const { code, printed } = await run('check');
    expect(code).toBe(1);
    expect(printed).toBe('error: TensorFlow is not installed. Run `npx @steepest/cli tensorflow install`.\n');
  });

  it('check says what is wrong with what is there, and fails', async () => {
    folder.write('cache/steepest/tensorflow/gpu.json', 'torn');
    const { code, printed } = await run('check');
    expect(code).toBe(1);
    expect(printed).toMatch(/^error: gpu: .*gpu\.json is not a record/);
  });

  it('install says why it cannot be', async () => {
    const { code, printed } = await run('install', '--from', folder.path);
    expect(code).toBe(1);
    expect(printed).toMatch(/holds no TensorFlow|no library that this package can use|no glibc/);
  });

  it('remove is content with nothing', async () => {
    expect(await run('remove')).toEqual({
      code: 0,
      printed: expect.stringContaining('nothing is installed'),
    });
  });
});
