import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder of everything that the command installs: `steepest/tensorflow` in `XDG_CACHE_HOME`, else in `~/Library/Caches` on
 * macOS, else in `~/.cache`.
 */
export function cacheFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  const home = homedir();
  const caches =
    environment.XDG_CACHE_HOME ||
    (platform === 'darwin' ? join(home, 'Library/Caches') : join(home, '.cache'));
  return join(caches, 'steepest', 'tensorflow');
}
