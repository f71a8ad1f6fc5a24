import '@tensorflow/tfjs';
import { Adam } from '@steepest/optim-adam';
import { conformanceChecks, readTrajectories, recordedOptions } from '../packages/optimizer-testing/src/index.ts';
import { adamReference } from '../packages/optim-adam/test/adam-reference.ts';
import { engineMutations } from '../tools/test/mutations/engine-mutations.ts';
import { optionMutations } from '../tools/test/mutations/option-mutations.ts';
import { ruleMutations } from '../tools/test/mutations/rule-mutations.ts';
import { stateMutations } from '../tools/test/mutations/state-mutations.ts';
const kinds = ['golden','shapes', 'reference', 'interpreters'];
const trajectories = readTrajectories(new URL('../packages/optim-adam/test/fixtures/adam/', import.meta.url)).slice(0, 9);
const optionsOf = (t) => ({ ...recordedOptions(t), beta1: t.hyper.beta1, beta2: t.hyper.beta2, epsilon: t.hyper.epsilon, amsgrad: t.hyper.amsgrad === true });
for (const m of [{ name: 'none', make: () => Adam, breaks: [] }, ...ruleMutations, ...stateMutations, ...optionMutations, ...engineMutations]) {
  const failed = new Set();
  for (const c of conformanceChecks({ optimizer: m.make(), reference: adamReference, golden: { trajectories, optionsOf } })) {
    if (!kinds.includes(c.kind) || c.name.endsWith(', on wasm') || failed.has(c.kind)) continue;
    await c.run().catch(() => failed.add(c.kind));
  }
  const want = m.breaks.filter((k) => kinds.includes(k)).sort().join();
  const got = [...failed].sort().join();
  console.log(want === got ? 'same' : 'DIFF', m.name, '|', want, '->', got);
}
