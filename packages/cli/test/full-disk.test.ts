import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bench,
  endedMidway,
  losses,
  shortText,
  startBench,
  untilLines,
  untilOutput,
} from './bench-process.ts';
import { missingRedis, startRedis } from './redis-server.ts';

const trial = 'adam-lr1e-3-seed1';
const experiment = `name: full
model: { size: nano, modelWidth: 16, layers: 1, heads: 2 }
budget: { steps: 600, batchSize: 2, contextLength: 16 }
evaluation: { points: 3, sequences: 4 }
checkpoint: { every: 20 }
parallel: 1
optimizers:
  adam: { learningRate: 1e-3 }
`;

/** Mounts a file system in memory of so many mebibytes; undefined where that is not allowed. */
function mountSmallDisk(mebibytes: number): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'lm-comparison-disk-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory]);
  if (status === 0) return directory;
  rmSync(directory, { recursive: true });
  return undefined;
}

const disk = mountSmallDisk(32);
const missingDisk = disk === undefined ? ' (mounting a small disk needs root on Linux)' : '';

describe.skipIf(disk === undefined)(`a full disk${missingDisk}`, () => {
  const filler = join(disk ?? '', 'filler');
  let folder: string;
  let file: string;
  let undisturbed: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lm-comparison-full-'));
    file = join(folder, 'full.yaml');
    await writeFile(file, experiment + (await shortText(folder)));
    const out = join(folder, 'undisturbed');
    expect((await bench('run', file, '--out', out)).code).toBe(0);
    undisturbed = await losses(out, trial);
  });

  afterAll(async () => {
    spawnSync('umount', [disk!]);
    await rm(disk!, { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  });

  /** Takes all the room there is. */
  function fill(): void {
    const handle = openSync(filler, 'w');
    try {
      for (;;) writeSync(handle, new Uint8Array(4_096));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    } finally {
      closeSync(handle);
    }
  }

  it('fails the trial with its reason and spoils nothing: with room, the same command resumes', async () => {
    const out = join(disk!, 'here');
    const { code, output } = await endedMidway(out, trial, async () => {
      await rm(filler, { force: true });
      const { ended } = startBench(['run', file, '--out', out]);
      await untilLines(out, trial, 30);
      fill();
      return ended;
    });
    expect(output).toMatch(/✗ adam-lr1e-3-seed1 +failed: .*ENOSPC/);
    // It says where.
    expect(output).toContain(join(out, trial));
    expect(code).toBe(1);
    await rm(filler);
    expect((await bench('run', file, '--out', out)).code).toBe(0);
    expect(await losses(out, trial)).toEqual(undisturbed);
    await rm(out, { recursive: true });
  });

  it('leaves no lock behind that was not written whole, and says which', async () => {
    const out = join(disk!, 'locked');
    await mkdir(out);
    fill();
    const { code, errors } = await bench('run', file, '--out', out);
    expect(code).toBe(1);
    expect(errors).toContain(`error: cannot write ${join(out, 'run.lock')}: the disk is full (ENOSPC)`);
    expect(await readdir(out)).toEqual([]);
    await rm(filler);
    expect((await bench('run', file, '--out', out)).code).toBe(0);
    await rm(out, { recursive: true });
  });

  it.skipIf(missingRedis)('makes the trials of a queue wait until there is room', async () => {
    const redis = await startRedis({ durable: false });
    const out = join(disk!, 'queued');
    const coordinator = startBench(['run', file, '--out', out, '--queue', redis.url]);
    const worker = startBench(['work', '--queue', redis.url, '--lease', '2']);
    try {
      await untilLines(out, trial, 30);
      fill();
      await untilOutput(worker, /‖ adam-lr1e-3-seed1: the disk is full .*; waiting for room/);
      await rm(filler);
      expect((await coordinator.ended).code).toBe(0);
      expect(await losses(out, trial)).toEqual(undisturbed);
      expect(JSON.parse(await readFile(join(out, trial, 'summary.json'), 'utf8')).status).toBe('finished');
    } finally {
      worker.child.kill('SIGKILL');
      coordinator.child.kill('SIGKILL');
      await redis.remove();
    }
  });
});
