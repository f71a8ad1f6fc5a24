import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/cli/command-line.ts';
import { useTemporaryFolder } from './temporary-folder.ts';

const folder = useTemporaryFolder();
afterEach(() => vi.restoreAllMocks());

/** Runs the command line and returns its exit code and what it printed. */
async function run(...args: string[]): Promise<{ code: number; printed: string }> {
  const lines: unknown[] = [];
  for (const method of ['log', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation((line) => void lines.push(line));
  }
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      lines.push(text);
      return true;
    });
  }
  return { code: await main(args), printed: lines.join('\n') };
}

describe('steepest-tensorflow', () => {
  it('explains itself', async () => {
    const { code, printed } = await run('--help');
    expect(code).toBe(0);
    expect(printed).toContain(join(folder.path, 'cache/steepest/tensorflow'));
    expect(printed).not.toContain('probe');
  });

  it('refuses what it does not know', async () => {
    expect((await run('instal')).code).toBe(2);
    expect((await run('install', '--cuda')).code).toBe(2);
  });

  it('check says that there is nothing, and fails', async () => {
    const { code, printed } = await run('check');
    expect(code).toBe(1);
    expect(printed).toBe('TensorFlow is not installed. Run `npx steepest-tensorflow install`.');
  });

  it('check says what is wrong with what is there, and fails', async () => {
    folder.write('cache/steepest/tensorflow/gpu.json', 'torn');
    const { code, printed } = await run('check');
    expect(code).toBe(1);
    expect(printed).toMatch(/^gpu: .*gpu\.json is not a record/);
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
