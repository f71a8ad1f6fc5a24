import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { mersenne } from 'pure-rand/generator/mersenne';

/** Options of `LanguageModel.generate`. */
export interface GenerateOptions {
  /** Token ids to continue; at least one. Only the last `contextLength` are read. */
  readonly prompt: readonly number[];
  /** Most tokens to generate. */
  readonly maxTokens: number;
  /** Divides the logits: below 1 sharper, above 1 flatter, 0 always the likeliest token. Default 1. */
  readonly temperature?: number | undefined;
  /** Draw among this many likeliest tokens only. Default all. */
  readonly topK?: number | undefined;
  /** Seed of the draws, a whole number from 0 to 2^32 - 1. Default 0. */
  readonly seed?: number | undefined;
  /** End before this token, which is left out of the result. Default none. */
  readonly stopToken?: number | undefined;
}

const known = ['prompt', 'maxTokens', 'temperature', 'topK', 'seed', 'stopToken'];

/** @throws Error naming the option that is unknown or out of range */
export function checkGenerateOptions(
  options: GenerateOptions,
  vocabularySize: number,
): { [Key in Exclude<keyof GenerateOptions, 'stopToken'>]-?: NonNullable<GenerateOptions[Key]> } {
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new Error(`unknown option "${key}" of generate, known: ${known.join(', ')}`);
  }
  const { prompt, maxTokens, temperature = 1, topK = vocabularySize, seed = 0 } = options;
  if (!Array.isArray(prompt) || prompt.length === 0) {
    throw new Error('prompt must be a list of at least one token id');
  }
  prompt.forEach((token: unknown, index) => {
    if (!Number.isInteger(token) || (token as number) < 0 || (token as number) >= vocabularySize) {
      throw new Error(
        `prompt[${index}] must be a token id from 0 to ${vocabularySize - 1}, got ${String(token)}`,
      );
    }
  });
  if (!Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new Error(`maxTokens must be a whole number of at least 0, got ${String(maxTokens)}`);
  }
  if (!Number.isFinite(temperature) || temperature < 0) {
    throw new Error(`temperature must be a number of at least 0, got ${String(temperature)}`);
  }
  if (!Number.isInteger(topK) || topK < 1) {
    throw new Error(`topK must be a whole number of at least 1, got ${String(topK)}`);
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new Error(`seed must be a whole number from 0 to 4294967295, got ${String(seed)}`);
  }
  checkStopToken(options.stopToken, vocabularySize);
  return { prompt, maxTokens, temperature, topK, seed };
}

/** A token that the model cannot give would never stop it. */
function checkStopToken(token: unknown, vocabularySize: number): void {
  if (token === undefined) return;
  if (Number.isInteger(token) && (token as number) >= 0 && (token as number) < vocabularySize) return;
  throw new Error(`stopToken must be a token id from 0 to ${vocabularySize - 1}, got ${String(token)}`);
}

/** Draws token ids from logits. The draws depend on the seed and the logits only. */
export class Sampler {
  readonly #random: ReturnType<typeof mersenne>;

  constructor(
    readonly temperature: number,
    readonly topK: number,
    seed: number,
  ) {
    // It hashes its seed: a generator that takes small seeds as its state would begin every text with the same quantile.
    this.#random = mersenne(seed | 0);
  }

  /** @throws Error when the logits hold NaN or infinity, or allow no token */
  draw(logits: ArrayLike<number>): number {
    const candidates = Array.from(logits, (logit, token) => ({ logit, token }));
    if (candidates.some(({ logit }) => Number.isNaN(logit))) {
      throw new Error('the model gave NaN logits: its weights are not finite');
    }
    // Equal logits: the smaller id first, so that ties do not depend on the engine's sort.
    candidates.sort((a, b) => b.logit - a.logit || a.token - b.token);
    const largest = candidates[0]!;
    if (!Number.isFinite(largest.logit)) {
      throw new Error(`the largest of the model's logits is ${largest.logit}: its weights are not finite`);
    }
    if (this.temperature === 0) return largest.token;
    candidates.length = Math.min(candidates.length, this.topK);
    const weights = candidates.map(({ logit }) => Math.exp((logit - largest.logit) / this.temperature));
    let remaining = uniformFloat64(this.#random) * weights.reduce((sum, weight) => sum + weight, 0);
    const chosen = weights.findIndex((weight) => {
      remaining -= weight;
      return remaining < 0;
    });
    return candidates[chosen === -1 ? 0 : chosen]!.token;
  }
}
