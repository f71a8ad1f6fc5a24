import { closeSync, openSync, readFileSync, utimesSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

// Plain JavaScript, because a thread starts without the loader that runs TypeScript.

/** @type {{ file: string, content: string, everyMilliseconds: number }} */
const { file, content, everyMilliseconds } = workerData;

/** @returns {boolean | undefined} whether the lock is still this process's; undefined while the storage does not answer */
function isMine() {
  try {
    return readFileSync(file, 'utf8') === content;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT' ? false : undefined;
  }
}

/** Writes the same bytes over the old ones, so that the storage stamps the file with its own time. */
function showLife() {
  try {
    const handle = openSync(file, 'r+');
    try {
      writeSync(handle, content, 0);
    } finally {
      closeSync(handle);
    }
  } catch {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // The storage does not answer. If that lasts, another process takes over, and isMine says so.
    }
  }
}

setInterval(() => {
  const mine = isMine();
  if (mine === true) showLife();
  if (mine === false) {
    writeSync(2, `${file} was taken over by another process, so this one (${process.pid}) ends\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}, everyMilliseconds);
