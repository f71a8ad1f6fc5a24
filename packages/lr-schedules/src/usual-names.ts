/**
 * What users of PyTorch, Keras, optax, timm and Hugging Face call an option or a schedule, in lower case without
 * punctuation, and what it may be here; the first that a schedule knows is meant.
 */
const meanings: Readonly<Record<string, readonly string[]>> = {
  ...meant(
    ['peak', 'value'],
    [
      ...[
        'lr',
        'maxlr',
        'baselr',
        'peaklr',
        'lrmax',
        'etamax',
        'learningrate',
        'maxlearningrate',
        'initiallr',
      ],
      ...['initiallearningrate', 'initvalue', 'peakvalue', 'maxvalue', 'basevalue', 'max', 'maximum'],
    ],
  ),
  ...meant(
    ['totalSteps', 'firstCycleSteps', 'everySteps', 'warmupSteps'],
    [
      ...[
        'tmax',
        'totaliters',
        'numtrainingsteps',
        'trainingsteps',
        'maxsteps',
        'numsteps',
        'nsteps',
        'steps',
      ],
      ...['maxiters', 'iterations', 'epochs', 'traintimesteps'],
    ],
  ),
  ...meant(
    ['everySteps', 'decaySteps', 'totalSteps', 'firstCycleSteps'],
    [...['stepsize', 'transitionsteps', 'decaysteps', 'every', 'interval']],
  ),
  ...meant(['firstCycleSteps'], ['t0', 'tinitial', 'firstdecaysteps', 'cyclelength', 'cyclesteps', 'period']),
  ...meant(['cycleFactor'], ['tmult', 'tmul', 'cyclemult', 'cyclemul']),
  ...meant(['peakDecay'], ['mmul', 'cycledecay']),
  ...meant(['decayFactor', 'peakDecay', 'factor'], ['gamma', 'decayrate', 'decay', 'factor']),
  ...meant(
    ['warmupSteps', 'warmupFraction'],
    [
      ...[
        'numwarmupsteps',
        'warmupiters',
        'warmupepochs',
        'warmupratio',
        'warmupfraction',
        'warmupt',
        'pctstart',
      ],
    ],
  ),
  ...meant(['startFactor'], ['divfactor', 'warmupfactor', 'warmupstartlr', 'warmuplrinit', 'startlr']),
  ...meant(
    ['endFactor', 'minLearningRate'],
    [
      ...[
        'etamin',
        'minlr',
        'lrmin',
        'lrend',
        'endlr',
        'finallr',
        'minlrratio',
        'minlrrate',
        'alpha',
        'endvalue',
      ],
      ...['endlearningrate', 'minlearningrate', 'finaldivfactor', 'minvalue'],
    ],
  ),
  ...meant(['shape'], ['annealstrategy', 'decaytype', 'mode', 'anneal']),
  ...meant(['threshold'], ['mindelta', 'delta', 'rtol', 'atol']),
  ...meant(['epsilon'], ['eps']),
  ...meant(['monitor'], ['metric', 'quantity', 'metricname']),
  ...meant(['power'], ['exponent', 'degree']),
  ...meant(
    ['points', 'parts', 'until'],
    ['milestones', 'boundaries', 'boundariesandvalues', 'boundariesandscales'],
  ),
  ...meant(['parts'], ['schedules', 'schedulers']),
  ...meant(
    ['cosine'],
    [
      ...[
        'cosineannealing',
        'cosineannealinglr',
        'cosinedecay',
        'cosinewithwarmup',
        'cosineschedulewithwarmup',
      ],
      ...['cosinelrscheduler', 'cosinedecayschedule', 'warmupcosinedecayschedule'],
    ],
  ),
  ...meant(
    ['cosineRestarts'],
    [
      ...[
        'cosineannealingwarmrestarts',
        'cosinedecayrestarts',
        'cosinewithrestarts',
        'cosinewithhardrestarts',
        'sgdr',
      ],
      ...['sgdrschedule', 'warmrestarts', 'restarts'],
    ],
  ),
  ...meant(
    ['oneCycle'],
    ['onecyclelr', 'cosineonecycleschedule', 'linearonecycleschedule', 'superconvergence'],
  ),
  ...meant(['stepDecay'], ['steplr', 'step', 'staircase']),
  ...meant(['exponential'], ['exponentiallr', 'exponentialdecay', 'exp']),
  ...meant(['linear'], ['linearlr', 'lineardecay', 'linearschedule', 'linearwithwarmup']),
  ...meant(['linearWarmup'], ['constantwithwarmup', 'warmup', 'warmupconstant']),
  ...meant(['polynomial'], ['polynomiallr', 'polynomialdecay', 'poly']),
  ...meant(['constant'], ['constantlr', 'constantschedule', 'fixed', 'none']),
  ...meant(['inverseSquareRoot'], ['inversesqrt', 'invsqrt', 'rsqrt', 'noam', 'rsqrtdecay']),
  ...meant(['warmupStableDecay'], ['wsd', 'trapezoidal', 'trapezoid', 'warmupholddecay']),
  ...meant(['piecewiseLinear'], ['piecewiseinterpolate', 'piecewise', 'interpolate']),
  ...meant(
    ['join'],
    [
      ...[
        'sequentiallr',
        'sequential',
        'joinschedules',
        'chained',
        'multisteplr',
        'multistep',
        'piecewiseconstant',
      ],
      ...['piecewiseconstantdecay', 'piecewiseconstantschedule'],
    ],
  ),
};

/** The known name that a usual one of another library stands for, if it is such a name. */
export function meaningOf(name: string, known: readonly string[]): string | undefined {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const same = known.find((option) => option.toLowerCase() === plain);
  if (same !== undefined) return same;
  const candidates = Object.hasOwn(meanings, plain) ? meanings[plain] : [];
  return candidates?.find((candidate) => known.includes(candidate));
}

function meant(here: readonly string[], elsewhere: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(elsewhere.map((name) => [name, here]));
}
