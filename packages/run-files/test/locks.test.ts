import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type HeldLock, takeLock } from '../src/index.ts';
import { holderHere } from '../src/locks/lock-holder.ts';
import { freshFolder } from './fresh-folder.ts';

it('a lock is held by one at a time, and names its holder to the others', async () => {
  const file = join(await freshFolder(), 'run.lock');
  const lock = (await takeLock(file)) as HeldLock;
  expect(await takeLock(file)).toEqual({ busy: `process ${process.pid} on ${hostname()}` });
  await lock.release();
  expect(existsSync(file)).toBe(false);
  await ((await takeLock(file)) as HeldLock).release();
});

it('the lock of a process that is gone is taken over at once', async () => {
  const file = join(await freshFolder(), 'run.lock');
  const { pid } = spawnSync(process.execPath, ['--version']);
  await writeFile(file, JSON.stringify({ ...holderHere(3_600), process: pid, started: 'long ago' }));
  const lock = await takeLock(file);
  expect(lock).toHaveProperty('release');
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ process: process.pid });
  await (lock as HeldLock).release();
});

it('the lock of another machine is taken over when it has been silent for its lease, and not before', async () => {
  const file = join(await freshFolder(), 'run.lock');
  const elsewhere = { ...holderHere(60), host: 'elsewhere', place: 'elsewhere' };
  await writeFile(file, JSON.stringify(elsewhere));
  expect(await takeLock(file)).toEqual({ busy: `process ${process.pid} on elsewhere` });
  const silent = new Date(Date.now() - 61_000);
  await utimes(file, silent, silent);
  const lock = await takeLock(file);
  expect(lock).toHaveProperty('release');
  await (lock as HeldLock).release();
});
