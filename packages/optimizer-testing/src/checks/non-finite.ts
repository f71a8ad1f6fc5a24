import type { Check } from '../check.ts';
import { assert, assertEqual, assertSameBits } from '../comparison.ts';
import type { Subject } from '../subject.ts';
import { allParameters, type Gradients, gradientsOf } from '../test-model.ts';

const every = gradientsOf(allParameters);
const options = { weightDecay: 0.1, clipGlobalNorm: 1, skipNonFinite: true };

const spoiltName = 'conformance/second/qkv';
const spoiltIndex = 7;

/** Gradients of which one element is not finite. */
function spoilt(by: number): Gradients {
  const gradients = every(3);
  const spoiltGradient = gradients[spoiltName]!.map((g, index) => (index === spoiltIndex ? by : g));
  return { ...gradients, [spoiltName]: spoiltGradient };
}

/** That a step with NaN or an infinity in its gradients is skipped, where that was asked for. */
export function nonFiniteChecks(subject: Subject): Check[] {
  const skipping = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(
    (bad): Check => ({
      name: subject.named(`skips a step with ${bad} in a gradient, which changes nothing but skippedSteps`),
      kind: 'non-finite gradients',
      run: async () => {
        const undisturbed = await subject.trained({ ...options, skipNonFinite: false }, 6);
        await subject.withModel(async (model) => {
          const optimizer = subject.make(options);
          // The first step of all may be the bad one.
          await model.applyAsync(optimizer, spoilt(bad));
          assertEqual([optimizer.iterations, optimizer.skippedSteps], [0, 1], 'steps and skipped steps');
          await model.trainAsync(optimizer, 1, 2);
          const [values, { skippedSteps: one, ...state }] = [await model.values(), await optimizer.state()];
          await model.applyAsync(optimizer, spoilt(bad));
          const { skippedSteps: two, ...stateAfter } = await optimizer.state();
          assertEqual([one, two, optimizer.skippedSteps], [1, 2, 2], 'skipped steps');
          assertSameBits(await model.values(), values, 'the parameters');
          assertEqual(stateAfter, state, 'the state');
          await model.trainAsync(optimizer, 3, 6);
          optimizer.dispose();
          assertSameBits(await model.values(), undisturbed, 'after six good steps');
        });
      },
    }),
  );
  return [
    ...skipping,
    {
      name: subject.named('keeps the count of skipped steps when saved and loaded'),
      kind: 'non-finite gradients',
      run: () =>
        subject.withModel(async (model) => {
          const optimizer = subject.make(options);
          await model.applyAsync(optimizer, spoilt(Number.NaN));
          await model.trainAsync(optimizer, 1, 1);
          const other = subject.make(options);
          await other.loadState(await optimizer.state());
          assertEqual([other.iterations, other.skippedSteps], [1, 1], 'steps and skipped steps');
          optimizer.dispose();
          other.dispose();
        }),
    },
    {
      name: subject.named('shows NaN in a gradient that is not skipped by NaN in the weight'),
      kind: 'non-finite gradients',
      // Finite weights would go on as if nothing had happened, while their state is lost.
      run: async () => {
        const { hyperparameters } = subject.rule;
        const epsilons = Object.keys(hyperparameters).filter(
          (name) => name.toLowerCase().endsWith('epsilon') && hyperparameters[name]!.minimum === 0,
        );
        const withoutEpsilons = Object.fromEntries(epsilons.map((name) => [name, 0]));
        for (const chosen of epsilons.length === 0 ? [{}] : [{}, withoutEpsilons]) {
          await subject.withModel(async (model) => {
            const optimizer = subject.make(chosen);
            model.train(optimizer, 1, 2);
            model.apply(optimizer, spoilt(Number.NaN));
            model.train(optimizer, 4, 8);
            const weight = (await model.values())[spoiltName]![spoiltIndex]!;
            assert(Number.isNaN(weight), `with ${JSON.stringify(chosen)} the weight is ${weight}`);
            optimizer.dispose();
          });
        }
      },
    },
    {
      name: subject.named('skips nothing and counts nothing unless asked to'),
      kind: 'non-finite gradients',
      run: () =>
        subject.withModel(async (model) => {
          const optimizer = subject.make({ weightDecay: 0.1 });
          model.apply(optimizer, spoilt(Number.NaN));
          assertEqual([optimizer.iterations, optimizer.skippedSteps], [1, 0], 'steps and skipped steps');
          const { parameters } = await optimizer.state();
          const finite = Object.values(parameters).every(({ step }) => step === 1);
          assert(finite, 'a parameter did not take the step');
          optimizer.dispose();
        }),
    },
  ];
}
