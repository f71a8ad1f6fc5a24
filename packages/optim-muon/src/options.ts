// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { muonRule } from './muon-rule.ts';

type MuonGroup = ParameterGroupOptions<typeof muonRule>;

/** The options that Muon has beside those of every optimizer; each numeric one may be a schedule of the step. */
interface MuonOwnOptions {
  /** Step size. Default: 0.02. */
  readonly learningRate?: MuonGroup['learningRate'];
  /** Decay of the momentum. Default: 0.95. */
  readonly momentum?: MuonGroup['momentum'];
  /** Look ahead: mix the gradient into the momentum once more. Default: true. */
  readonly nesterov?: MuonGroup['nesterov'];
  /** Scale of the update by shape: rows, columns or rms. Default: "rows". */
  readonly updateScale?: MuonGroup['updateScale'];
}

/** Options of {@link Muon}. */
export type MuonOptions = MuonOwnOptions &
  OptimizerOptions<typeof muonRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (MuonOwnOptions & MuonGroup)[] | undefined;
  };
