import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Has the system forget the pages of a folder's files, by dd of GNU; answers whether it could. */
export function forgetPages(directory: string): boolean {
  try {
    for (const name of readdirSync(directory)) {
      const file = join(directory, name);
      execFileSync('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], {
        stdio: 'ignore',
      });
    }
    return true;
  } catch {
    return false;
  }
}
