// Loads the optimizers installed around a folder, and prints what came of it: a process of its own imports as users do.
import { createOptimizer, listOptimizers } from '../src/index.ts';
import { loadInstalledOptimizers } from '../src/node.ts';

const [from, ...names] = process.argv.slice(2);
const { loaded, failed, conflicts } = await loadInstalledOptimizers({ from: from! });
const created = names.map((name) => {
  try {
    return createOptimizer(name).getClassName();
  } catch (error) {
    return (error as Error).message;
  }
});
console.log(
  JSON.stringify({
    loaded: loaded.map((found) => ({ ...found, optimizers: [...found.optimizers.keys()] })),
    failed,
    conflicts,
    names: listOptimizers(),
    created,
  }),
);
