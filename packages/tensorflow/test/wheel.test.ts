import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cudaRequirements } from '../src/install/find-libraries.ts';
import { unpackWheel } from '../src/install/wheel.ts';
import { elfLibrary, makeWheel } from './make-wheel.ts';
import { keptReport, useTemporaryFolder } from './temporary-folder.ts';

const folder = useTemporaryFolder();
const library = elfLibrary('x64', 'x'.repeat(300_000));

function wheel(wrongChecksum?: string): string {
  const path = join(folder.path, 'tensorflow-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl');
  makeWheel(path, { 'a/library.so': library, 'a/text.txt': 'text', 'b/other.py': 'pass' }, wrongChecksum);
  return path;
}

const inA = (path: string) => path.startsWith('a/');

describe('unpacking a wheel', () => {
  it('writes what is wanted, with progress to the end, and nothing else', async () => {
    const report = keptReport();
    const out = join(folder.path, 'out');
    const bytes = library.length + 'text'.length;
    expect(await unpackWheel(wheel(), out, inA, report)).toEqual({ bytes, unpackedBytes: bytes });
    expect(readFileSync(join(out, 'a/library.so')).equals(library)).toBe(true);
    expect(readFileSync(join(out, 'a/text.txt'), 'utf8')).toBe('text');
    expect(existsSync(join(out, 'b'))).toBe(false);
    expect(report.fractions.at(-1)).toBe(1);
    expect(report.fractions).toEqual([...report.fractions].sort((a, b) => a - b));
  });

  it('resumes with what was finished, and unpacks again what was cut short', async () => {
    const out = join(folder.path, 'out');
    await unpackWheel(wheel(), out, inA, keptReport());
    truncateSync(join(out, 'a/library.so'), 100);
    const resumed = await unpackWheel(wheel(), out, inA, keptReport());
    expect(resumed.unpackedBytes).toBe(library.length);
    expect(readFileSync(join(out, 'a/library.so')).equals(library)).toBe(true);
    expect((await unpackWheel(wheel(), out, inA, keptReport())).unpackedBytes).toBe(0);
  });

  it('keeps no file whose checksum is wrong', async () => {
    const out = join(folder.path, 'out');
    await expect(unpackWheel(wheel('a/library.so'), out, inA, keptReport())).rejects.toThrow(
      'a/library.so of the wheel has a wrong checksum: download the wheel again.',
    );
    expect(existsSync(join(out, 'a/library.so'))).toBe(false);
  });

  it('says that a wheel is cut short', async () => {
    const path = wheel();
    truncateSync(path, 200);
    await expect(unpackWheel(path, join(folder.path, 'out'), inA, keptReport())).rejects.toThrow(
      /cannot be read as a wheel .*Download it again/,
    );
  });
});

describe('the wheels of CUDA', () => {
  it('are what the wheel of TensorFlow requires for GPUs', async () => {
    const path = join(folder.path, 'tensorflow-2.19.1-cp311-cp311-manylinux_2_27_x86_64.whl');
    makeWheel(path, {
      'tensorflow-2.19.1.dist-info/METADATA': [
        'Requires-Dist: numpy>=1.26.0',
        'Provides-Extra: and-cuda',
        'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
        "Requires-Dist: nvidia-cudnn-cu12 (==8.9.4.25) ; extra == 'and-cuda'",
        'Requires-Dist: tensorboard; extra == "gcs"',
      ].join('\n'),
    });
    expect(await cudaRequirements(path)).toEqual([
      'nvidia-cublas-cu12<13.0,>=12.5.3.2',
      'nvidia-cudnn-cu12==8.9.4.25',
    ]);
    writeFileSync(path, '');
  });
});
