import { z } from 'zod';
import { largestSeed } from './limits.ts';
import { phaseSettings } from './phases.ts';
import { dataSettings, evaluationSettings } from './schema.ts';
import { modelSettings, scheduleSettings } from './surroundings.ts';
import type { TrialConfig } from './trials.ts';

const count = z.int().positive();
const scalar = z.union([z.number(), z.string(), z.boolean()]);
const backends = [
  'node-gpu',
  'node',
  'webgpu',
  'wasm',
  'cpu',
] as const satisfies readonly TrialConfig['backend'][];

const recipe = z.object({
  members: z
    .array(
      z.object({
        optimizer: z.string(),
        match: z.looseObject({}).optional(),
        options: z.intersection(z.object({ learningRate: z.number() }), z.record(z.string(), scalar)),
        groups: z.array(z.looseObject({ match: z.looseObject({}) })).optional(),
      }),
    )
    .min(1),
  main: z.int().min(0).optional(),
  weightDecay: z.number().optional(),
  weightDecayMode: z.string().optional(),
  clipGlobalNorm: z.union([z.number(), z.literal(false)]).optional(),
  refreshEvery: count.optional(),
});

const trialConfig = z.looseObject({
  schemaVersion: z.literal(1),
  experiment: z.string(),
  // It names a folder within that of the run.
  trial: z.string().regex(/^(?!\.)[\w.+-]+$/),
  optimizer: z.string(),
  settings: z.record(z.string(), scalar),
  recipe,
  seed: z.int().min(0).max(largestSeed),
  model: modelSettings,
  data: dataSettings,
  schedule: scheduleSettings,
  budget: z.strictObject({
    steps: count,
    batchSize: count,
    contextLength: count,
    phases: phaseSettings.optional(),
  }),
  evaluation: evaluationSettings,
  record: z.literal('layers').optional(),
  backend: z.enum(backends),
  versions: z.record(z.string(), z.string()),
  textHash: z.string().optional(),
});

/** What is wrong with a trial's configuration that came from a file or a server, if anything: `seed: ...`. */
export function trialConfigProblem(value: unknown): string | undefined {
  const { success, error } = trialConfig.safeParse(value);
  if (success) return undefined;
  const { path, message } = error.issues[0]!;
  return `${path.join('.') || 'its content'}: ${message}`;
}
