/**
 * Cores that this process may use: those of its affinity mask, and no more than its container's share of processor time
 * (cgroup v2 `cpu.max`, v1 `cpu.cfs_quota_us`). Hardware threads in a browser.
 */
export function usableCores(): number {
  if (globalThis.process?.versions?.node === undefined) return globalThis.navigator?.hardwareConcurrency ?? 1;
  const { availableParallelism } = process.getBuiltinModule('node:os');
  return Math.max(1, Math.min(availableParallelism(), Math.ceil(containerQuota())));
}

/** Cores' worth of time that the control groups of this process allow; Infinity without a limit. */
export function containerQuota(read: (path: string) => string = readText): number {
  const attempt = (path: string): string | undefined => {
    try {
      return read(path).trim();
    } catch {
      return undefined;
    }
  };
  let quota = Number.POSITIVE_INFINITY;
  const consider = (limit: number, period: number): void => {
    if (limit > 0 && period > 0) quota = Math.min(quota, limit / period);
  };
  for (const line of (attempt('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined) continue;
    const isSecondVersion = controllers === '';
    if (!isSecondVersion && !controllers.split(',').includes('cpu')) continue;
    // A limit of any group above this one holds as well. In a container the root may be the group itself.
    const parts = path.split('/').filter((part) => part !== '');
    for (let depth = parts.length; depth >= 0; depth--) {
      const group = parts
        .slice(0, depth)
        .map((part) => `/${part}`)
        .join('');
      if (isSecondVersion) {
        const [limit, period] = (attempt(`/sys/fs/cgroup${group}/cpu.max`) ?? '').split(' ');
        consider(Number(limit), Number(period));
      } else {
        const folder = `/sys/fs/cgroup/cpu${group}`;
        consider(
          Number(attempt(`${folder}/cpu.cfs_quota_us`)),
          Number(attempt(`${folder}/cpu.cfs_period_us`)),
        );
      }
    }
  }
  return quota;
}

function readText(path: string): string {
  return process.getBuiltinModule('node:fs').readFileSync(path, 'utf8');
}
