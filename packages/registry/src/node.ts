export {
  type InstalledOptimizers,
  type LoadOptions,
  loadInstalledOptimizers,
  type NameConflict,
} from './load-installed-optimizers.ts';
export type { FailedPackage, LoadedPackage } from './package-table.ts';
