import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadInstalledOptimizers } from '@steepest/registry/node';
import {
  type PackageNames,
  UsageError,
} from '../../packages/optimizer-testing/src/new-optimizer/package-names.ts';

/**
 * Rules are looked up by name, and tfjs saves optimizers by class name, so each may be declared once in the repository.
 *
 * @throws UsageError if the folder, the rule or the class is there already.
 */
export async function checkNamesAreFree(
  { name, ClassName }: PackageNames,
  repository: string,
): Promise<void> {
  if (existsSync(join(repository, 'packages', `optim-${name}`))) {
    throw new UsageError(`packages/optim-${name} exists already; nothing was changed`);
  }
  const { loaded } = await loadInstalledOptimizers({ from: repository });
  for (const { name: packageName, optimizers } of loaded) {
    if (optimizers.has(name)) throw new UsageError(`${packageName} has an optimizer named "${name}" already`);
    const classNames = [...optimizers.values()].map(({ className }) => className);
    if (classNames.includes(`Steepest${ClassName}`)) {
      throw new UsageError(`${packageName} has a class ${ClassName} already; choose another with --class`);
    }
  }
}
