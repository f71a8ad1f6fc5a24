import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { holderHere } from '../src/locks/lock-holder.ts';
import { freshFolder } from './fresh-folder.ts';

/** What the system says instead of doing it. */
let failures: Readonly<Partial<Record<'open' | 'rename', string>>> = {};
let calls = 0;

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const failing = (name: 'open' | 'rename') =>
    ((...parts: [string, string]) => {
      const code = failures[name];
      if (code === undefined) return real[name](...parts);
      calls++;
      return Promise.reject(Object.assign(new Error(`${code}: ${name}`), { code }));
    }) as never;
  return { ...real, open: failing('open'), rename: failing('rename') };
});

const { takeLock } = await import('../src/locks/lock-file.ts');

afterEach(() => {
  failures = {};
  calls = 0;
});

it('the lock of a process that is gone and cannot be removed stays, and is named with the reason', async () => {
  const file = join(await freshFolder(), 'run.lock');
  const { pid } = spawnSync(process.execPath, ['--version']);
  const text = JSON.stringify({ ...holderHere(3_600), process: pid, started: 'long ago' });
  await writeFile(file, text);
  failures = { rename: 'EACCES' };
  await expect(takeLock(file)).rejects.toThrow(
    `${file} cannot be taken, for the process that made it is gone, but it cannot be removed: EACCES: rename`,
  );
  expect(await readFile(file, 'utf8')).toBe(text);
});

it('a lock that others always take first is given up', async () => {
  // It is gone again whenever it is looked at.
  failures = { open: 'EEXIST' };
  expect(await takeLock(join(await freshFolder(), 'run.lock'))).toEqual({ busy: 'another process' });
  expect(calls).toBe(21);
});

it('a full disk is named with its code', async () => {
  const file = join(await freshFolder(), 'run.lock');
  failures = { open: 'ENOSPC' };
  await expect(takeLock(file)).rejects.toMatchObject({
    message: `cannot write ${file}: the disk is full (ENOSPC)`,
    code: 'ENOSPC',
  });
});
