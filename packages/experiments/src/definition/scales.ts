import { resolve } from 'node:path';
import { type Scale, scales } from './limits.ts';

/** Keys that a value which depends on the scale may have; `paper` stands for every scale from `small` on. */
export const scaleKeys: readonly string[] = [...scales, 'paper'];

/** Too many tokens to hold in memory: they are read from prepared shards, in `data/c4` of the working directory. */
const paperData = { source: { prepared: resolve('data', 'c4') } };

/** A run of the study: 256 sequences of 512 tokens per step, warm-up over a tenth of the steps. */
function paperScale(size: Scale, steps: number): object {
  return {
    model: { size },
    data: paperData,
    budget: { tokens: steps * 256 * 512, batchSize: 256, contextLength: 512 },
    evaluation: { points: 10, sequences: 1024 },
  };
}

/**
 * A run of the study made small: 20 tokens per parameter outside embedding and head. The vocabulary shrinks with the model, so that
 * the blocks hold more than half of the parameters.
 */
function smallScale(size: Scale, blockParameters: number): object {
  return {
    model: { size },
    data: { prune: 512 },
    budget: { tokens: 20 * blockParameters, batchSize: 16, contextLength: 128 },
    evaluation: { points: 8, sequences: 256 },
  };
}

/**
 * What a scale says of model, data, budget and evaluation, under the experiment's own keys. The sizes, steps and batches
 * from `150m` on are those of Zhao et al. 2024 (arXiv 2407.07972): about 20 tokens per parameter outside the embeddings.
 */
const presets: Readonly<Record<Scale, object>> = {
  nano: smallScale('nano', 98_304),
  tiny: smallScale('tiny', 331_776),
  micro: smallScale('micro', 786_432),
  mini: {
    model: { size: 'mini' },
    budget: { tokens: 1500 * 32 * 256, batchSize: 32, contextLength: 256 },
    evaluation: { points: 8, sequences: 64 },
  },
  small: paperScale('small', 4_000),
  '150m': paperScale('150m', 25_000),
  '300m': paperScale('300m', 50_000),
  '600m': paperScale('600m', 100_000),
  '1.2b': paperScale('1.2b', 200_000),
};

/** The keys of a scale-dependent value to look for at a scale, the most particular first. */
function keysFor(scale: Scale): readonly string[] {
  const isSmall = ['nano', 'tiny', 'micro', 'mini'].includes(scale);
  return [scale, isSmall ? 'nano' : 'paper'];
}

/** A value that the chosen scale has none of. */
export interface ScaleProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The content of an experiment file at one scale. */
export interface ScaledContent {
  readonly content: unknown;
  readonly problems: readonly ScaleProblem[];
  /** Where the value of a path stands in the file: with the key of the scale where it depends on it. */
  readonly inFile: (path: readonly PropertyKey[]) => readonly PropertyKey[];
}

/** Puts what a scale says under an experiment's own keys, and takes of every value that depends on the scale its own. */
export function atScale(content: unknown, override?: Scale): ScaledContent {
  const named = isGroup(content) ? content.scale : undefined;
  const scale = override ?? (scales.find((known) => known === named) as Scale | undefined);
  const chosen = new Map<string, string>();
  const problems: ScaleProblem[] = [];
  if (scale === undefined && named !== undefined) {
    const message = `must be one of ${scales.join(', ')}, got ${JSON.stringify(named)}`;
    return { content, problems: [{ path: ['scale'], message }], inFile: (path) => path };
  }
  const resolved = choose(content, scale, [], chosen, problems);
  if (override !== undefined && isGroup(resolved) && isGroup(resolved.model)) {
    const { size } = resolved.model;
    if (size !== undefined && size !== override) {
      const message = `is ${JSON.stringify(size)} at every scale, so that scale ${override} would not change it; remove it to let the scale choose the size`;
      problems.push({ path: ['model', 'size'], message });
    }
  }
  return {
    content: scale === undefined || !isGroup(resolved) ? resolved : { ...withPreset(resolved, scale), scale },
    problems,
    inFile: (path) =>
      path.flatMap((key, index) => {
        const chosenKey =
          index < path.length - 1 ? chosen.get(JSON.stringify(path.slice(0, index + 1))) : undefined;
        return chosenKey === undefined ? [key] : [key, chosenKey];
      }),
  };
}

function choose(
  value: unknown,
  scale: Scale | undefined,
  path: readonly PropertyKey[],
  chosen: Map<string, string>,
  problems: ScaleProblem[],
): unknown {
  if (Array.isArray(value)) {
    return value.map((inner, index) => choose(inner, scale, [...path, index], chosen, problems));
  }
  if (!isGroup(value)) return value;
  if (!dependsOnScale(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        choose(inner, scale, [...path, key], chosen, problems),
      ]),
    );
  }
  const key = scale === undefined ? undefined : keysFor(scale).find((candidate) => candidate in value);
  if (key === undefined) {
    const has = Object.keys(value).join(', ');
    const message =
      scale === undefined
        ? `depends on the scale (${has}), but the experiment has no scale`
        : `has no value for the scale ${scale}, only for ${has}`;
    problems.push({ path, message });
    return undefined;
  }
  chosen.set(JSON.stringify(path), key);
  return choose(value[key], scale, path, chosen, problems);
}

function dependsOnScale(value: Readonly<Record<string, unknown>>): boolean {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => scaleKeys.includes(key));
}

function withPreset(content: Readonly<Record<string, unknown>>, scale: Scale): Record<string, unknown> {
  const preset = merged(presets[scale], content);
  const own = content.budget;
  // Steps and tokens say the same thing, so the experiment's own replaces the scale's.
  if (isGroup(own) && own.steps !== undefined && own.tokens === undefined && isGroup(preset.budget)) {
    const { tokens: _, ...budget } = preset.budget;
    return { ...preset, budget };
  }
  return preset;
}

/** Two groups of keys in one; of what both have, groups are merged and of anything else the second counts. */
export function merged(first: object, second: object): Record<string, unknown> {
  const result: Record<string, unknown> = { ...first };
  for (const [key, value] of Object.entries(second)) {
    const present = result[key];
    // A data source is one thing or another, not both.
    const joins = isGroup(present) && isGroup(value) && key !== 'source';
    if (value !== undefined) result[key] = joins ? merged(present, value) : value;
  }
  return result;
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
