// Written by npm run docs from the records of the rules: what editors show of each option.
import type { OptimizerOptions, ParameterGroupOptions } from '@steepest/optimizer';
import type { muonRule } from './muon-rule.ts';

type MuonGroup = ParameterGroupOptions<typeof muonRule>;

/** Options of Muon, besides those of every optimizer; each numeric one may be a schedule of the step. */
interface MuonOwnOptions {
  /** Step size. Default: 0.02. */
  readonly learningRate?: MuonGroup['learningRate'];
  /** Decay of the momentum. Default: 0.95. */
  readonly momentum?: MuonGroup['momentum'];
  /** Decay of the second moment of neurons, under normalize. Default: 0.95. */
  readonly beta2?: MuonGroup['beta2'];
  /** Keeps the norm that Newton-Schulz divides by from zero. Default: 1e-7. */
  readonly epsilon?: MuonGroup['epsilon'];
  /** AdamW: decay of the first moment. Default: 0.9. */
  readonly adamBeta1?: MuonGroup['adamBeta1'];
  /** AdamW: decay of the second moment. Default: 0.95. */
  readonly adamBeta2?: MuonGroup['adamBeta2'];
  /** AdamW: added to the square root. Default: 1e-8. */
  readonly adamEpsilon?: MuonGroup['adamEpsilon'];
  /** Look ahead: mix the gradient into the momentum once more. Default: true. */
  readonly nesterov?: MuonGroup['nesterov'];
  /** Momentum as a moving average, or as a decaying sum of gradients: average or sum. Default: "average". */
  readonly momentumForm?: MuonGroup['momentumForm'];
  /** Scale of the update by shape: rows, columns, spectral or rms. Default: "rows". */
  readonly updateScale?: MuonGroup['updateScale'];
  /** Divides the update of each neuron by its second moment (NorMuon): none, rows or columns. Default: "none". */
  readonly normalize?: MuonGroup['normalize'];
  /** Polynomials of Newton-Schulz: quintic, polarExpress, a triple [a, b, c] or a list of triples. Default: "quintic". */
  readonly coefficients?: MuonGroup['coefficients'];
  /** Iterations of Newton-Schulz. Default: 5. */
  readonly newtonSchulzSteps?: MuonGroup['newtonSchulzSteps'];
  /** Whether epsilon is added to the norm, or the norm is no smaller: added or floor. Default: "added". */
  readonly epsilonMode?: MuonGroup['epsilonMode'];
  /** Parameters that AdamW updates instead: never, others or always. Default: "never". */
  readonly adamw?: MuonGroup['adamw'];
  /** AdamW: epsilon outside the bias-corrected root, or the uncorrected one. Default: "corrected". */
  readonly adamEpsilonPlacement?: MuonGroup['adamEpsilonPlacement'];
}

/** Options of {@link Muon}. */
export type MuonOptions = MuonOwnOptions &
  OptimizerOptions<typeof muonRule> & {
    /** Overrides for some of the parameters; the first group that matches a parameter wins. */
    readonly groups?: readonly (MuonOwnOptions & MuonGroup)[] | undefined;
  };
