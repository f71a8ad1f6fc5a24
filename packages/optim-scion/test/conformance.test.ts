import {
  conformanceChecks,
  readTrajectories,
  recordedOptions,
  type Trajectory,
} from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { Scion, type ScionNorm, type ScionOptions } from '../src/index.ts';
import { scionReference } from './scion-reference.ts';

/** A norm as a run records it, by the names of the authors' code. */
interface RecordedNorm {
  readonly norm: string;
  readonly scale: number;
  readonly max?: boolean;
  readonly normalized?: boolean;
  readonly transpose?: boolean;
}

const names: Readonly<Record<string, ScionNorm>> = {
  Spectral: 'spectral',
  SpectralConv: 'spectralConv',
  Sign: 'sign',
  BiasRMS: 'biasRms',
  ColNorm: 'colNorm',
  RowNorm: 'rowNorm',
};

function optionsOf(run: Trajectory): ScionOptions {
  const norms = run.hyper.norms as Readonly<Record<string, RecordedNorm>>;
  const isUnconstrained = run.hyper.unconstrained as boolean;
  return {
    ...recordedOptions(run),
    weightDecay: isUnconstrained ? 0 : 1,
    alpha: run.hyper.momentum as number,
    groups: Object.entries(norms).map(([role, { norm, scale, max, normalized, transpose }]) => ({
      match: { role },
      norm: names[norm]!,
      scale,
      floorAtOne: max ?? false,
      normalized: normalized ?? 'auto',
      transpose: transpose ?? false,
    })),
  };
}

const checks = conformanceChecks({
  optimizer: Scion,
  reference: scionReference,
  golden: { trajectories: readTrajectories(new URL('./fixtures/', import.meta.url)), optionsOf },
  releasedStates: new URL('./states/', import.meta.url),
  variants: [
    { name: 'sign', options: { norm: 'sign', weightDecay: 0 } },
    { name: 'columns of the transpose', options: { norm: 'colNorm', normalized: true, transpose: true } },
    { name: 'rows', options: { norm: 'rowNorm' } },
    { name: 'root mean square of all', options: { norm: 'biasRms', alpha: 1 } },
    {
      name: 'spectral, at least 1',
      options: {
        norm: 'spectral',
        normalized: false,
        floorAtOne: true,
        transpose: true,
        newtonSchulzSteps: 3,
      },
    },
  ],
});

for (const check of checks) it(check.name, check.run);
