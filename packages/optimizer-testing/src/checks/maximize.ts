import type { Check } from '../check.ts';
import { assertMoved, assertSameBits } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import type { AnyOptions } from '../test-model.ts';
import { allParameters, type Gradients, gradientsOf } from '../test-model.ts';

const steps = 6;
const every = gradientsOf(allParameters);

function negated(step: number): Gradients {
  return Object.fromEntries(Object.entries(every(step)).map(([name, g]) => [name, g!.map((x) => -x)]));
}

/** That climbing is descending with the gradient turned round, weight decay still shrinking. */
export function maximizeChecks(subject: Subject): Check[] {
  const cases: [string, AnyOptions][] = [
    ['', {}],
    [' with l2 weight decay', { weightDecay: 0.1, weightDecayMode: 'l2' }],
    [
      ' with decoupled weight decay and clipping',
      {
        weightDecay: 0.1,
        weightDecayMode: 'decoupled',
        clipGlobalNorm: 1,
        clipValue: 0.5,
      },
    ],
  ];
  return cases.map(([circumstance, options]) => ({
    name: subject.named(`maximize equals descending along negated gradients${circumstance}, bit for bit`),
    kind: 'maximize',
    run: async () => {
      const climbed = await subject.trained({ ...options, maximize: true }, steps);
      assertSameBits(climbed, await subject.trained(options, steps, negated), 'maximize');
      assertMoved(climbed, await subject.trained(options, steps), 'maximize');
    },
  }));
}
