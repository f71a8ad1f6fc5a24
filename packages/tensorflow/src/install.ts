export { cacheFolder } from './cache-folder.ts';
export { check, type InstallOptions, install, remove } from './install/install.ts';
export type { ProbeResult } from './install/probe.ts';
export { formatBytes, type InstallReport } from './install/report.ts';
