import { recordedOptions, type Trajectory } from '@steepest/optimizer-testing';
import { type MuonOptions, muonVariants } from '../src/index.ts';

/** The options of a recorded run: of Jordan's code, of Moonlight, `torch.optim.Muon`, the Polar Express or NorMuon. */
export function optionsOf(run: Trajectory): MuonOptions {
  const hyper = run.hyper as unknown as Record<string, number>;
  const shared = {
    ...recordedOptions(run),
    momentum: hyper.momentum!,
    nesterov: run.hyper.nesterov as boolean,
    epsilon: hyper.newtonSchulzEpsilon!,
    newtonSchulzSteps: hyper.newtonSchulzSteps!,
  };
  const adam = hasOthers(run)
    ? {
        adamw: 'others' as const,
        adamBeta1: hyper.auxBeta1!,
        adamBeta2: hyper.auxBeta2!,
        adamEpsilon: hyper.auxEpsilon!,
      }
    : {};
  switch (run.optimizer) {
    case 'muon':
      return { ...shared, ...adam, groups: otherRates(run) };
    case 'muon-moonlight':
      return { ...muonVariants.moonlight, ...shared, ...adam };
    case 'muon-torch':
      return {
        ...muonVariants.pytorch,
        ...shared,
        coefficients: run.hyper.newtonSchulzCoefficients as [number, number, number],
        updateScale: scaleOf(run),
      };
    case 'muon-polar-express':
      return { ...muonVariants.polarExpress, ...shared, updateScale: scaleOf(run) };
    case 'normuon':
      return {
        ...muonVariants.normuon,
        ...shared,
        ...adam,
        beta2: hyper.beta2!,
        groups: decaysWhenGiven(run),
      };
    default:
      throw new Error(`no options for a run of ${run.optimizer}`);
  }
}

function hasOthers({ params }: Trajectory): boolean {
  return params.some(({ role }) => role !== 'matrix');
}

function scaleOf({ hyper }: Trajectory) {
  return ({ original: 'rows', match_rms_adamw: 'rms', spectral_unclamped: 'spectral' } as const)[
    hyper.updateScale as 'original' | 'match_rms_adamw' | 'spectral_unclamped'
  ];
}

/** The learning rate of what is not a matrix, in the shape of the others'. */
function otherRate({ hyper, learningRates }: Trajectory): (step: number) => number {
  const ratio = (hyper.learningRateAux as number) / hyper.learningRate;
  return (step) => learningRates[step - 1]! * ratio;
}

function otherRates(run: Trajectory) {
  if (!hasOthers(run)) return [];
  return [{ match: ({ role }: { role?: string }) => role !== 'matrix', learningRate: otherRate(run) }];
}

/** NorMuon's code takes a missing gradient for zeros, and leaves weight decay out in that step. */
function decaysWhenGiven(run: Trajectory) {
  return run.params.map(({ name, role }, index) => ({
    match: name,
    ...(role === 'matrix' ? {} : { learningRate: otherRate(run) }),
    weightDecay: (step: number) =>
      run.grads[step - 1]![index] === null ? 0 : (run.hyper.weightDecay as number),
  }));
}
