import { type ChinchillaConstants, chinchillaLoss, optimalAllocation } from '../laws/chinchilla.ts';
import { criticalBatch, type SuConstants, trajectoryLoss } from '../laws/su/trajectory.ts';
import { findNamed } from '../options.ts';
import { type PublishedLaw, publishedLaw } from './published-law.ts';

const loss = 'nats per token, on the text and the tokenizer of the source';
const settings = { learningRate: 'peak learning rate of AdamW', batchTokens: 'tokens per step' };
const withoutEmbeddings = { parameters: 'without embeddings' } as const;
const onMassiveText = { loss: 'on MassiveText in tokens of Gopher', parameters: 'with embeddings' } as const;
const onWebText2 = { loss: 'on WebText2 in tokens of GPT-2' };

/** Hoffmann et al. 2022, equation 10; Besiroglu et al. found that these constants do not fit their own data. */
const printed: ChinchillaConstants = { E: 1.69, A: 406.4, alpha: 0.34, B: 410.7, beta: 0.28 };
/** Besiroglu et al. 2024: the same law fitted again on points read off its figures. */
const refitted: ChinchillaConstants = { E: 1.8169, A: 482.01, alpha: 0.3478, B: 2085.43, beta: 0.3658 };
const refittedRange = 'the 240 points behind the fit, in github.com/epoch-research/analyzing-chinchilla';
/** Kaplan et al. 2020, table 3 and equation 5.3. */
const kaplan: SuConstants = { Nc: 6.5e13, alphaN: 0.077, Sc: 2.1e3, alphaS: 0.76, Bstar: 2e8, alphaB: 0.21 };

/** Laws with their authors' constants, sources and ranges. */
export const publishedLaws: readonly PublishedLaw[] = [
  publishedLaw(
    {
      name: 'step-law',
      title: 'Step Law',
      formula: 'learningRate = 1.79 N^-0.713 D^0.307; batchTokens = 0.58 D^0.571',
      source: 'Li et al. 2025, arXiv 2503.04715',
      rangeSource: 'the dense runs in the data folder of github.com/step-law/steplaw',
      inputs: {
        parameters: { meaning: 'parameters without embeddings', low: 214_663_680, high: 1_073_741_824 },
        tokens: { meaning: 'training tokens', low: 4e9, high: 1e11 },
      },
      conventions: withoutEmbeddings,
      outputs: settings,
    },
    ({ parameters, tokens }) => ({
      learningRate: 1.79 * parameters ** -0.713 * tokens ** 0.307,
      batchTokens: 0.58 * tokens ** 0.571,
    }),
  ),
  publishedLaw(
    {
      // For about 20 tokens per parameter and a learning rate that does not decay.
      name: 'porian',
      title: 'the law of Porian et al.',
      formula: 'learningRate = 3.7 N^-0.36; batchTokens = 0.7576 N^0.703',
      source: 'Porian et al. 2024, arXiv 2406.19146',
      rangeSource: 'the model grid of the paper; its sweep of hyperparameters covers no more than that',
      inputs: { parameters: { meaning: 'parameters, the last layer included', low: 5e6, high: 9.01e8 } },
      conventions: { parameters: 'with the last layer and without the embedding' },
      outputs: settings,
    },
    ({ parameters }) => ({
      learningRate: 3.7 * parameters ** -0.36,
      batchTokens: 0.7576 * parameters ** 0.703,
    }),
  ),
  publishedLaw(
    {
      // For models and data balanced at each compute.
      name: 'deepseek',
      title: 'the law of DeepSeek LLM',
      formula: 'learningRate = 0.3118 C^-0.1250; batchTokens = 0.2920 C^0.3271',
      source: 'DeepSeek-AI 2024, arXiv 2401.02954, equation 1',
      rangeSource: 'section 3.1: fitted on budgets of 1e17 to 2e19, and checked at 1e20',
      inputs: {
        flops: { meaning: 'FLOPs of training, without embeddings and with attention', low: 1e17, high: 2e19 },
      },
      conventions: { flops: 'without embeddings and with attention' },
      outputs: settings,
    },
    ({ flops }) => ({ learningRate: 0.3118 * flops ** -0.125, batchTokens: 0.292 * flops ** 0.3271 }),
  ),
  publishedLaw(
    {
      name: 'kaplan-critical-batch',
      title: "Kaplan et al.'s critical batch",
      formula: 'batchTokens = 2e8 / L^(1 / 0.21)',
      source: 'Kaplan et al. 2020, arXiv 2001.08361, equation 5.3',
      rangeSource: 'figure 10: measured between losses of 10 and 3',
      inputs: { loss: { meaning: loss, low: 3, high: 10 } },
      conventions: onWebText2,
      outputs: { batchTokens: 'critical batch, tokens per step' },
    },
    (query) => ({ batchTokens: criticalBatch(kaplan, query.loss) }),
  ),
  publishedLaw(
    {
      name: 'kaplan-trajectory',
      title: "Kaplan et al.'s learning curves",
      formula: 'L = (6.5e13 / N)^0.077 + (2.1e3 (1 + Bcrit(L) / B) / S)^0.76, Bcrit(L) = 2e8 / L^(1 / 0.21)',
      source: 'Kaplan et al. 2020, arXiv 2001.08361, equations 1.6, 5.3 and 5.4 and table 3',
      rangeSource:
        'sections 2.2 and 3: steps after the warm-up; the batch was varied little but for figure 10',
      inputs: {
        parameters: { meaning: 'parameters without embeddings', low: 768, high: 1.5e9 },
        steps: { meaning: 'steps done', low: 3_000, high: 250_000 },
        batchTokens: { meaning: 'tokens per step', low: 3e3, high: 2 ** 19 },
      },
      conventions: { ...onWebText2, ...withoutEmbeddings },
      outputs: { loss },
    },
    (query) => ({ loss: trajectoryLoss(kaplan, query) }),
  ),
  publishedLaw(
    {
      name: 'chinchilla',
      title: 'Chinchilla, refitted by Besiroglu et al.',
      formula: 'L = 1.8169 + 482.01 / N^0.3478 + 2085.43 / D^0.3658',
      source: 'Besiroglu et al. 2024, arXiv 2404.10102',
      rangeSource: refittedRange,
      inputs: {
        parameters: { meaning: 'parameters, embeddings included', low: 5.7e7, high: 1.62e10 },
        tokens: { meaning: 'training tokens', low: 8.1e8, high: 3.18e11 },
      },
      conventions: onMassiveText,
      outputs: { loss },
    },
    (run) => ({ loss: chinchillaLoss(refitted, run) }),
  ),
  publishedLaw(
    {
      name: 'chinchilla-optimal',
      title: "Chinchilla's best size and tokens, by the refit of Besiroglu et al.",
      formula: 'lowest L = 1.8169 + 482.01 / N^0.3478 + 2085.43 / D^0.3658 where 6 N D = C',
      source: 'Besiroglu et al. 2024, arXiv 2404.10102; Hoffmann et al. 2022, arXiv 2203.15556, equation 4',
      rangeSource: refittedRange,
      inputs: { flops: { meaning: 'FLOPs of training, 6 N D', low: 1.4e18, high: 1.3e22 } },
      conventions: { ...onMassiveText, flops: 'as 6 N D with embeddings in N' },
      outputs: { parameters: 'parameters, embeddings included', tokens: 'training tokens', loss },
    },
    ({ flops }) => ({ ...optimalAllocation(refitted, flops) }),
  ),
  publishedLaw(
    {
      name: 'hoffmann',
      title: "Hoffmann et al.'s law (Chinchilla, as printed)",
      formula: 'L = 1.69 + 406.4 / N^0.34 + 410.7 / D^0.28',
      source: 'Hoffmann et al. 2022, arXiv 2203.15556, equation 10',
      rangeSource: 'abstract: 70 million to 16 billion parameters on 5 to 500 billion tokens',
      inputs: {
        parameters: { meaning: 'parameters, embeddings included', low: 7e7, high: 1.6e10 },
        tokens: { meaning: 'training tokens', low: 5e9, high: 5e11 },
      },
      conventions: onMassiveText,
      outputs: { loss },
    },
    (run) => ({ loss: chinchillaLoss(printed, run) }),
  ),
];

/**
 * The published law of a name.
 *
 * @throws Error with the nearest name when there is none
 */
export function findPublishedLaw(name: string): PublishedLaw {
  return findNamed(publishedLaws, name, 'published');
}
