import type { Law } from '../../law/law.ts';
import { readLawOptions } from '../../law/law-options.ts';
import { checkPositive } from '../../options.ts';
import { readColumns } from '../../table/columns.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { checkSaved, learningRateBatchSizeRecord } from '../saved-fit.ts';
import { fitLearningRateBatchSize } from './fit-learning-rate-batch-size.ts';
import {
  LearningRateBatchSizeFit,
  type LearningRateBatchSizeRecord,
} from './learning-rate-batch-size-fit.ts';
import { learningRateBatchSizeQueries } from './queries.ts';
import type { FactorName } from './setting-law.ts';
import type { SweepRow } from './sweep.ts';

/** Best learning rate and batch of model size and data, as a law of the command line. */
export const learningRateBatchSizeLaw: Law<LearningRateBatchSizeFit> = ofEvidence({
  name: 'learning-rate-batch-size',
  title: 'Best learning rate and batch of model size and data',
  formula: 'learningRate = c N^a D^b; batchTokens = d D^e',
  source: 'form of Li et al. 2025 (Step Law), arXiv 2503.04715',
  columns: [
    {
      name: 'parameters',
      meaning: 'size of the model, N',
      quantity: 'parameters',
      aliases: ['params', 'N'],
    },
    { name: 'tokens', meaning: 'tokens trained on, D', quantity: 'tokens', aliases: ['D'] },
    {
      name: 'learningRate',
      meaning: 'peak learning rate',
      quantity: 'learningRate',
      aliases: ['lr', 'learning_rate'],
    },
    {
      name: 'batchTokens',
      meaning: 'tokens per step',
      quantity: 'batchTokens',
      aliases: ['tokensPerStep', 'batch_tokens'],
    },
    {
      name: 'loss',
      meaning: 'final loss, nats/token',
      quantity: 'loss',
      aliases: ['finalValidationLoss', 'smooth loss', 'final_loss', 'val_loss', 'validation_loss'],
      mustVary: true,
    },
  ],
  options: [
    {
      name: 'learningRateFactors',
      meaning: 'what the learning rate is a power law of: parameters, tokens, compute, with commas between',
      default: 'parameters,tokens',
    },
    { name: 'batchFactors', meaning: 'what the batch is a power law of', default: 'tokens' },
    { name: 'window', meaning: "excess over a cell's best run up to which runs count", default: 0.02 },
  ],
  queries: learningRateBatchSizeQueries,
  suggestions: learningRateBatchSizeQueries,
  fit(table, options = {}) {
    const { columns, ...common } = readLawOptions(this, options, 100);
    const { learningRateFactors, batchFactors, window } = options;
    if (window !== undefined) checkPositive(this.name, 'window', window);
    return fitLearningRateBatchSize(readColumns<SweepRow>(table, this.columns, { columns }), {
      ...common,
      ...(learningRateFactors === undefined ? {} : { learningRateFactors: listOf(learningRateFactors) }),
      ...(batchFactors === undefined ? {} : { batchFactors: listOf(batchFactors) }),
      ...(window === undefined ? {} : { window: window as number }),
    });
  },
  restore(json) {
    checkSaved('learning-rate-batch-size', 1, json, learningRateBatchSizeRecord);
    return new LearningRateBatchSizeFit(json as LearningRateBatchSizeRecord);
  },
});

/** The command line gives a list as one text; the fit checks the names. */
function listOf(value: unknown): FactorName[] {
  return (
    Array.isArray(value)
      ? value
      : String(value)
          .split(',')
          .map((name) => name.trim())
  ) as FactorName[];
}
