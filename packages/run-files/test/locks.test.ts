import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
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

it.each<[string, (file: string) => Promise<void>]>([
  ['a link that leads nowhere', (file) => symlink('/nonexistent/x', file)],
  ['a link to a lock', (file) => symlink('other', file)],
  ['a folder', async (file) => void (await mkdir(file))],
])('%s is not a lock, and is left as it is', async (_, make) => {
  const folder = await freshFolder();
  await writeFile(join(folder, 'other'), JSON.stringify(holderHere(60)));
  const file = join(folder, 'run.lock');
  await make(file);
  await expect(takeLock(file)).rejects.toThrow(
    `cannot read ${file}: it is a link, a folder or a device, not a lock`,
  );
});

it('a file that is no lock of ours counts as one while it is young, by a clock that is wrong as well', async () => {
  const hour = 3_600;
  for (const content of ['', '{"process":-1}', '{"host":5}', 'x'.repeat(5_000)]) {
    const file = join(await freshFolder(), 'run.lock');
    await writeFile(file, content);
    expect(await takeLock(file)).toEqual({ busy: 'another process' });
    // An hour ago, or an hour ahead.
    const time = Date.now() / 1_000 + (content === '' ? hour : -hour);
    await utimes(file, time, time);
    await ((await takeLock(file)) as HeldLock).release();
  }
});

it('the name of a machine in a lock does not steer the terminal', async () => {
  const file = join(await freshFolder(), 'run.lock');
  await writeFile(file, JSON.stringify({ ...holderHere(60), host: 'x\u001b[2J', place: '', process: 7 }));
  expect(await takeLock(file)).toEqual({ busy: 'process 7 on x\\u001b[2J' });
});

it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a folder that cannot be written is named with the reason',
  async () => {
    const folder = await freshFolder();
    await chmod(folder, 0o500);
    await expect(takeLock(join(folder, 'run.lock'))).rejects.toThrow(
      `cannot write ${join(folder, 'run.lock')}: permission denied (EACCES)`,
    );
  },
);

it('a missing folder is named', async () => {
  const file = join(await freshFolder(), 'missing', 'run.lock');
  await expect(takeLock(file)).rejects.toThrow(`cannot write ${file}: the file is missing (ENOENT)`);
});
