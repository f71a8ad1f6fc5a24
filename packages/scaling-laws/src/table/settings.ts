/** A setting of a run that decides its loss. */
export interface Setting {
  readonly name: string;
  /** Other names that tables have for it. */
  readonly aliases: readonly string[];
  /** Whether a law is of one value of it, however the runs are chosen; else runs that are alike otherwise must share it. */
  readonly one: boolean;
}

const kinds = (one: boolean, names: Readonly<Record<string, readonly string[]>>): Setting[] =>
  Object.entries(names).map(([name, aliases]) => ({ name, aliases, one }));

/** The settings that are known by their names; a seed is none, for runs that differ in it are what a law averages over. */
export const knownSettings: readonly Setting[] = [
  ...kinds(true, {
    optimizer: ['opt', 'optim', 'optimizer_name', 'optimizerName', 'Optimizer'],
    dataset: ['data', 'corpus', 'dataset_name', 'data.source', 'Dataset'],
    tokenizer: ['tokenizer_name', 'data.tokenizer', 'Tokenizer'],
    architecture: ['arch', 'model_type', 'model_family'],
  }),
  ...kinds(false, {
    learningRate: ['learning_rate', 'lr', 'LR', 'peak_lr', 'max_lr', 'peakLearningRate', 'peak'],
    batchTokens: [
      'batchSize',
      'batch_size',
      'batch',
      'bs',
      'tokensPerStep',
      'batch_tokens',
      'budget.batchSize',
    ],
    contextLength: ['context_length', 'seq_len', 'sequence_length', 'budget.contextLength'],
    schedule: ['schedule.type', 'scheduler', 'lr_schedule', 'lr_scheduler'],
    weightDecay: ['weight_decay', 'wd'],
    momentum: [],
    beta1: ['adam_beta1'],
    beta2: ['adam_beta2'],
    epsilon: ['eps', 'adam_epsilon'],
    parameters: ['params', 'N', 'n_params'],
  }),
];

/** The settings that are usually tuned for each model: all but what the law is of. */
export const tunedSettings: readonly string[] = [
  ...['learningRate', 'batchTokens', 'contextLength', 'schedule', 'weightDecay'],
  ...['momentum', 'beta1', 'beta2', 'epsilon'],
];
