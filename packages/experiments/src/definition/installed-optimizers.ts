import * as registry from '@steepest/registry';
import { type InstalledOptimizers, loadInstalledOptimizers } from '@steepest/registry/node';
import { isSource, packageFolder } from '../package-files.ts';
import type { OptimizerEntry } from './optimizer-entries.ts';

let installed: Promise<InstalledOptimizers> | undefined;

/** Imports every optimizer package that is installed with this one, once, so that experiments can name them. */
export function loadOptimizers(): Promise<InstalledOptimizers> {
  // What runs from source trains sources.
  installed ??= loadInstalledOptimizers({
    from: packageFolder,
    conditions: isSource ? ['@steepest/source'] : [],
  });
  return installed;
}

/** How tables and plots write an optimizer's name; one that is not installed here keeps its own. */
export function optimizerTitle(name: string): string {
  return registry.listOptimizers().includes(name) ? registry.optimizerRecord(name).title : name;
}

/** How an experiment's entry is called: by its own title, by its name, or by what it is made of where that would mislead. */
export function entryTitle(name: string, { title, members }: OptimizerEntry): string {
  if (title !== undefined) return title;
  if (members.length === 1) return members[0]!.optimizer === name ? optimizerTitle(name) : name;
  const made = members.map(({ optimizer }) => optimizerTitle(optimizer)).join(' + ');
  // A hybrid that is called as an optimizer is, such as one of its members, is more than that.
  return registry.listOptimizers().includes(name) ? made : name;
}
