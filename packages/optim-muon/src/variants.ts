/**
 * What sets the variants of Muon apart, as options to spread: `new Muon({ ...muonVariants.moonlight, learningRate: 4e-4 })`.
 * Learning rates and decays are the defaults of the authors' code.
 */
export const muonVariants = {
  /** Liu et al. 2025, arXiv 2502.16982: moves the elements as far as AdamW does, which updates everything else. */
  moonlight: {
    learningRate: 1e-3,
    weightDecay: 0.1,
    momentumForm: 'sum',
    updateScale: 'rms',
    adamw: 'others',
    adamEpsilonPlacement: 'uncorrected',
  },
  /** `torch.optim.Muon` of PyTorch 2.9 and later. */
  pytorch: { learningRate: 1e-3, weightDecay: 0.1, epsilonMode: 'floor' },
  /** Amsel et al. 2025, arXiv 2505.16932: the best polynomial for each iteration, inside `torch.optim.Muon`. */
  polarExpress: {
    learningRate: 1e-3,
    weightDecay: 0.1,
    coefficients: 'polarExpress',
    epsilon: 1e-6,
  },
  /** Li et al. 2025, arXiv 2510.05491: each neuron's update divided by its own second moment. */
  normuon: { learningRate: 0.02, normalize: 'rows' },
} as const;
