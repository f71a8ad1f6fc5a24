import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockFolder, lockTrial } from '../src/execution/locks.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steepest-experiments-locks-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('a lock that cannot be taken is named once, with the reason', async () => {
  for (const name of ['run.lock', 'trial.lock']) await symlink('elsewhere', join(folder, name));
  const error = (name: string) => ({
    name: 'RunError',
    message: `cannot read ${join(folder, name)}: it is a link, a folder or a device, not a lock`,
  });
  await expect(lockFolder(folder)).rejects.toMatchObject(error('run.lock'));
  await expect(lockTrial(folder, 'adam')).rejects.toMatchObject(error('trial.lock'));
});

it('the process at work is named, and lets the next one in when it is done', async () => {
  const self = `process ${process.pid} on ${hostname()}`;
  const unlock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toThrow(
    `${folder} is in use by another run (${self}); wait for it or give another --out`,
  );
  await unlock();
  await (await lockFolder(folder))();
  const unlockTrial = await lockTrial(folder, 'adam');
  await expect(lockTrial(folder, 'adam')).rejects.toMatchObject({
    name: 'TrialBusy',
    message: `adam is already being trained by ${self}`,
  });
  await unlockTrial();
});

it('a trial waits for the process at work on it as long as it was told to, and says for whom', async () => {
  const self = `process ${process.pid} on ${hostname()}`;
  const unlock = await lockTrial(folder, 'adam');
  const waits: string[] = [];
  const second = lockTrial(folder, 'adam', {
    patienceSeconds: 3600,
    onWait: (holder) => {
      waits.push(holder);
      void unlock();
    },
  });
  const unlockSecond = await second;
  expect(waits).toEqual([self]);
  const busy = { name: 'TrialBusy', message: `adam is already being trained by ${self}` };
  await expect(lockTrial(folder, 'adam', { patienceSeconds: 0.01 })).rejects.toMatchObject(busy);
  const stop = new AbortController();
  const stopped = lockTrial(folder, 'adam', {
    patienceSeconds: 3600,
    signal: stop.signal,
    onWait: () => stop.abort(),
  });
  await expect(stopped).rejects.toMatchObject(busy);
  await unlockSecond();
});
