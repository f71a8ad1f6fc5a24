import { architectureNamed, architectureNames } from './architectures.ts';
import { closest } from './closest-name.ts';
import type { ArchitectureOptions, LanguageModelOptions, ModelConfig } from './model-options.ts';
import { activations, isGated } from './operations/activation.ts';
import { type ModelShape, type ModelSize, modelSizes } from './sizes.ts';

const shapeKeys = ['modelWidth', 'layers', 'heads', 'mlpWidth', 'vocabularySize', 'contextLength'] as const;
const paperZLoss = 1e-4;

// The options of every architecture that does not say otherwise.
const commonDefaults = {
  qkNorm: true,
  zLoss: true as boolean | number,
  tieEmbeddings: false,
  activation: 'gelu',
  norm: 'layerNorm',
  positions: 'rotary',
  biases: false,
} as const satisfies Required<ArchitectureOptions>;

const choices = {
  activation: activations,
  norm: ['layerNorm', 'rmsNorm'],
  positions: ['rotary', 'learned'],
} as const satisfies { [Key in keyof ArchitectureOptions]?: readonly string[] };

const architectureKeys = Object.keys(commonDefaults) as (keyof ArchitectureOptions)[];
const optionKeys = [
  'size',
  'architecture',
  ...shapeKeys,
  'keyValueHeads',
  'seed',
  ...architectureKeys,
  'scope',
];

/** Settings that the shapes of weights need not show, and those that checkpoints from before they existed mean. */
export const unshownSettings = {
  architecture: 'zhao2024',
  heads: undefined,
  activation: undefined,
  norm: commonDefaults.norm,
} as const satisfies { [Key in keyof ModelConfig]?: ModelConfig[Key] | undefined };

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
  const { size, seed, architecture = 'zhao2024' } = options;
  if (size !== undefined) requireOneOf('size', size, Object.keys(modelSizes));
  requireOneOf('architecture', architecture, architectureNames());
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new Error(`seed must be a whole number from 0 to 4294967295, got ${describe(seed)}`);
  }
  if (options.scope !== undefined && (typeof options.scope !== 'string' || options.scope === '')) {
    throw new Error(`scope must be a text of at least one character, got ${describe(options.scope)}`);
  }
  const settings = architectureSettings(options, architectureNamed(architecture)!.defaults ?? {});
  const shape = modelShape(options, isGated(settings.activation));
  requireEvenHeads(shape, settings.positions === 'rotary');
  return {
    size: size !== undefined && keepsSize(options, size) ? size : 'custom',
    architecture,
    ...shape,
    keyValueHeads: keyValueHeadsOf(options, shape.heads),
    ...settings,
    seed,
  };
}

type Settings = Pick<ModelConfig, keyof ArchitectureOptions>;

function architectureSettings(options: LanguageModelOptions, defaults: ArchitectureOptions): Settings {
  const settings: Record<string, unknown> = {};
  for (const key of architectureKeys) settings[key] = options[key] ?? defaults[key] ?? commonDefaults[key];
  for (const key of ['qkNorm', 'tieEmbeddings', 'biases']) {
    if (typeof settings[key] !== 'boolean') {
      throw new Error(`${key} must be true or false, got ${describe(settings[key])}`);
    }
  }
  for (const [key, names] of Object.entries(choices)) requireOneOf(key, settings[key], names);
  const { zLoss } = settings;
  settings.zLoss = typeof zLoss === 'boolean' ? (zLoss ? paperZLoss : 0) : zLoss;
  if (typeof settings.zLoss !== 'number' || !Number.isFinite(settings.zLoss) || settings.zLoss < 0) {
    throw new Error(`zLoss must be true, false or a finite number of at least 0, got ${describe(zLoss)}`);
  }
  return settings as unknown as Settings;
}

// Vocabulary and context are the data's business: changing them leaves the named size what it is.
function keepsSize(options: LanguageModelOptions, size: ModelSize): boolean {
  const named = modelSizes[size];
  return (['modelWidth', 'layers', 'heads', 'mlpWidth'] as const).every(
    (key) => (options[key] ?? named[key]) === named[key],
  );
}

function modelShape(options: LanguageModelOptions, gated: boolean): ModelShape {
  const named: Partial<ModelShape> = options.size === undefined ? {} : modelSizes[options.size];
  const shape = {
    modelWidth: options.modelWidth ?? named.modelWidth,
    layers: options.layers ?? named.layers,
    heads: options.heads ?? named.heads,
    mlpWidth: options.mlpWidth ?? 1,
    vocabularySize: options.vocabularySize ?? named.vocabularySize,
    contextLength: options.contextLength ?? named.contextLength,
  };
  for (const key of shapeKeys) {
    const value = shape[key];
    if (value === undefined) throw new Error(`${key} must be given when no size is named`);
    requireCount(key, value);
  }
  const complete = shape as ModelShape;
  return { ...complete, mlpWidth: options.mlpWidth ?? defaultMlpWidth(complete.modelWidth, gated) };
}

// Three matrices of a gated MLP have as many weights as two of a plain one when they are 8/3 wide (Shazeer 2020,
// arXiv 2002.05202); multiples of 8 suit vector units.
function defaultMlpWidth(modelWidth: number, gated: boolean): number {
  return gated ? 8 * Math.ceil(modelWidth / 3) : 4 * modelWidth;
}

function requireEvenHeads({ modelWidth, heads }: ModelShape, rotary: boolean): void {
  const headWidth = modelWidth / heads;
  if (Number.isInteger(headWidth) && (!rotary || headWidth % 2 === 0)) return;
  throw new Error(
    rotary
      ? `modelWidth must be an even multiple of heads (rotary embeddings turn pairs), got modelWidth ${modelWidth} and heads ${heads}`
      : `modelWidth must be a multiple of heads, got modelWidth ${modelWidth} and heads ${heads}`,
  );
}

function keyValueHeadsOf({ keyValueHeads }: LanguageModelOptions, heads: number): number {
  if (keyValueHeads === undefined) return heads;
  requireCount('keyValueHeads', keyValueHeads);
  if (heads % keyValueHeads !== 0) {
    throw new Error(`keyValueHeads must divide heads, which is ${heads}, got ${keyValueHeads}`);
  }
  return keyValueHeads;
}

function requireCount(name: string, value: unknown): void {
  if (!Number.isInteger(value) || (value as number) < 1) {
    throw new Error(`${name} must be a whole number of at least 1, got ${describe(value)}`);
  }
}

function requireOneOf(name: string, value: unknown, names: readonly string[]): void {
  if (!names.includes(value as string)) {
    throw new Error(
      `${name} must be one of ${names.join(', ')}, got ${describe(value)}${closest(String(value), names)}`,
    );
  }
}

function describe(value: unknown): string {
  return typeof value === 'number' || value === undefined || value === null
    ? String(value)
    : `${JSON.stringify(value)} (${typeof value})`;
}
