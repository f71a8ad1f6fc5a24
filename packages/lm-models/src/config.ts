import { closest } from './closest-name.ts';
import { type Activation, activations } from './operations/activation.ts';
import { type ModelShape, type ModelSize, modelSizes } from './sizes.ts';

/** Everything that determines a model and its first weights. Plain JSON. */
export interface ModelConfig extends ModelShape {
  /** The named size the shape came from, or `custom`. */
  readonly size: ModelSize | 'custom';
  /** Normalise queries and keys over the full model width before the split into heads. */
  readonly qkNorm: boolean;
  /** Weight of the mean squared log-partition in the training loss; 0 turns it off. */
  readonly zLoss: number;
  /** Share one matrix between the embedding and the head. */
  readonly tieEmbeddings: boolean;
  readonly activation: Activation;
  /** Seed of the first weights. */
  readonly seed: number;
}

/** The shape, each part of which may come from a named size. */
type PartialShape = { readonly [Key in keyof ModelShape]?: ModelShape[Key] | undefined };

/** Options of `createLanguageModel`. */
export interface LanguageModelOptions extends PartialShape {
  /** A named size; without it `modelWidth`, `layers` and `heads` must be given. */
  readonly size?: ModelSize | undefined;
  /** Whole number from 0 to 2^32 - 1. */
  readonly seed: number;
  /** Default true. */
  readonly qkNorm?: boolean | undefined;
  /** `true` (the default) means the paper's 1e-4, `false` means 0. */
  readonly zLoss?: boolean | number | undefined;
  /** Default false. */
  readonly tieEmbeddings?: boolean | undefined;
  /** Default `gelu`. */
  readonly activation?: Activation | undefined;
  /**
   * Prefix of the variables' names, for a second model in the same process: TensorFlow.js wants every name
   * once. Checkpoints hold paths without it, so they move between scopes. Default none.
   */
  readonly scope?: string | undefined;
}

const shapeKeys = ['modelWidth', 'layers', 'heads', 'mlpWidth', 'vocabularySize', 'contextLength'] as const;
const optionKeys = ['size', ...shapeKeys, 'seed', 'qkNorm', 'zLoss', 'tieEmbeddings', 'activation', 'scope'];
const paperZLoss = 1e-4;

/**
 * Fills in the defaults of `options` and checks them, without allocating anything.
 *
 * @throws Error naming the option that is unknown, missing or out of range, and what would be right
 */
export function modelConfig(options: LanguageModelOptions): ModelConfig {
  if (typeof options !== 'object' || options === null) {
    throw new Error(`the options of a language model must be an object, got ${describe(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (!optionKeys.includes(key)) {
      throw new Error(`unknown option "${key}" of a language model${closest(key, optionKeys)}`);
    }
  }
  const { size, seed, qkNorm = true, zLoss = true, tieEmbeddings = false, activation = 'gelu' } = options;
  if (size !== undefined && !Object.hasOwn(modelSizes, size)) {
    const names = Object.keys(modelSizes);
    throw new Error(
      `size must be one of ${names.join(', ')}, got ${describe(size)}${closest(String(size), names)}`,
    );
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new Error(`seed must be a whole number from 0 to 4294967295, got ${describe(seed)}`);
  }
  requireBoolean('qkNorm', qkNorm);
  requireBoolean('tieEmbeddings', tieEmbeddings);
  const zLossWeight = typeof zLoss === 'boolean' ? (zLoss ? paperZLoss : 0) : zLoss;
  if (typeof zLossWeight !== 'number' || !Number.isFinite(zLossWeight) || zLossWeight < 0) {
    throw new Error(`zLoss must be true, false or a finite number of at least 0, got ${describe(zLoss)}`);
  }
  if (!activations.includes(activation)) {
    throw new Error(
      `activation must be one of ${activations.join(', ')}, got ${describe(activation)}${closest(String(activation), activations)}`,
    );
  }
  if (options.scope !== undefined && (typeof options.scope !== 'string' || options.scope === '')) {
    throw new Error(`scope must be a text of at least one character, got ${describe(options.scope)}`);
  }
  return {
    size: size !== undefined && keepsSize(options, size) ? size : 'custom',
    ...modelShape(options),
    qkNorm,
    zLoss: zLossWeight,
    tieEmbeddings,
    activation,
    seed,
  };
}

// Vocabulary and context are the data's business: changing them leaves the named size what it is.
function keepsSize(options: LanguageModelOptions, size: ModelSize): boolean {
  const named = modelSizes[size];
  return (['modelWidth', 'layers', 'heads', 'mlpWidth'] as const).every(
    (key) => (options[key] ?? named[key]) === named[key],
  );
}

function modelShape(options: LanguageModelOptions): ModelShape {
  const named: Partial<ModelShape> = options.size === undefined ? {} : modelSizes[options.size];
  const modelWidth = options.modelWidth ?? named.modelWidth;
  const widthChanged = modelWidth !== named.modelWidth;
  const shape = {
    modelWidth,
    layers: options.layers ?? named.layers,
    heads: options.heads ?? named.heads,
    mlpWidth: options.mlpWidth ?? (widthChanged ? 4 * Number(modelWidth) : named.mlpWidth),
    vocabularySize: options.vocabularySize ?? named.vocabularySize,
    contextLength: options.contextLength ?? named.contextLength,
  };
  for (const key of shapeKeys) {
    const value = shape[key];
    if (value === undefined) throw new Error(`${key} must be given when no size is named`);
    if (!Number.isInteger(value) || value < 1) {
      throw new Error(`${key} must be a whole number of at least 1, got ${describe(value)}`);
    }
  }
  const complete = shape as ModelShape;
  if (complete.modelWidth % complete.heads !== 0 || (complete.modelWidth / complete.heads) % 2 !== 0) {
    throw new Error(
      `modelWidth must be an even multiple of heads (rotary embeddings turn pairs), ` +
        `got modelWidth ${complete.modelWidth} and heads ${complete.heads}`,
    );
  }
  return complete;
}

function requireBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new Error(`${name} must be true or false, got ${describe(value)}`);
}

function describe(value: unknown): string {
  return typeof value === 'number' || value === undefined || value === null
    ? String(value)
    : `${JSON.stringify(value)} (${typeof value})`;
}
