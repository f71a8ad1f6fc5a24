import { ngramBaselines, type TextData } from '@steepest/c4-data';
import { createLanguageModel, type LanguageModel } from '@steepest/lm-models';
import { type TrialStatus, train } from '@steepest/trainer';
import { memory } from '@tensorflow/tfjs';
import { compute } from './backend.ts';
import type { Report, Request } from './messages.ts';
import { createOptimizer } from './optimizers.ts';
import { batchSize, type ContenderName, contextLength, type Racer, type RaceSettings } from './settings.ts';
import { configOf, storedRace, storeOf } from './stored-race.ts';
import { openText, streamOf, validationSequences } from './text.ts';
import { Turns } from './turns.ts';

/** Steps whose mean time tells how fast a racer is at the moment. */
const recentSteps = 20;

/** What the racers of a race share. */
interface Track {
  readonly settings: RaceSettings;
  readonly data: TextData;
  readonly turns: Turns<ContenderName>;
  /** Ends the race with a checkpoint of every racer. */
  readonly signal: AbortSignal;
  readonly tell: (report: Report) => void;
}

/**
 * Trains the same language model with each optimizer, a step of one after a step of another, on the same batches; from where they are
 * stored, if they are.
 *
 * @throws Error where the backend does not work here, or the text is too short
 */
export async function race(
  { settings, backend }: Extract<Request, { kind: 'race' }>,
  signal: AbortSignal,
  tell: (report: Report) => void,
): Promise<void> {
  tell({ kind: 'preparing', what: 'Starting the backend' });
  const reason = await compute(backend);
  tell({ kind: 'preparing', what: settings.text === undefined ? 'Reading the corpus' : 'Reading your text' });
  const data = await openText(settings.text);
  const models: LanguageModel[] = [];
  try {
    const { racers, steps } = settings;
    const { unigram, bigram } = ngramBaselines(data, {
      sequences: validationSequences(data),
      tokens: steps * batchSize * contextLength,
    });
    for (const { name } of racers) {
      const { vocabularySize } = data;
      models.push(createLanguageModel({ size: 'nano', vocabularySize, contextLength, seed: 1, scope: name }));
    }
    const parameters = models[0]!.parameterCount();
    tell({
      kind: 'racing',
      reason,
      parameters,
      race: await storedRace(),
      baselines: { unigram, bigram },
    });

    const failure = new AbortController();
    const turns = new Turns(racers.map(({ name }) => name));
    const track: Track = { settings, data, turns, tell, signal: AbortSignal.any([signal, failure.signal]) };
    const ends = racers.map(async (racer, index) => {
      try {
        const { status, reason } = await run(racer, models[index]!, track);
        tell({ kind: 'ended', racer: racer.name, status, reason });
      } catch (error) {
        // The others keep what they have learned.
        failure.abort();
        throw error;
      } finally {
        turns.leave(racer.name);
      }
    });
    const outcomes = await Promise.allSettled(ends);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } finally {
    for (const model of models) model.dispose();
    data.close();
  }
  tell({ kind: 'stopped' });
}

/** Trains one racer to the end of the race, or until it is paused. */
async function run(
  racer: Racer,
  model: LanguageModel,
  { settings, data, turns, signal, tell }: Track,
): Promise<{ readonly status: TrialStatus; readonly reason?: string | undefined }> {
  const { name } = racer;
  const { steps, prompt } = settings;
  const store = storeOf(name);
  let step = (await store.read())?.checkpointStep ?? 0;
  let begun = 0;
  const milliseconds: number[] = [];
  const optimizer = createOptimizer(racer, steps);
  const stream = streamOf(data);
  const { tokenizer } = data;

  async function sample(at: number): Promise<void> {
    const start = tokenizer.encode(prompt);
    if (start.length === 0) start.push(tokenizer.endOfSequence);
    const options = { maxTokens: 32, temperature: 0.7, topK: 40, seed: 1 };
    const tokens = await model.generate({ prompt: start, ...options });
    tell({ kind: 'sample', racer: name, step: at, text: tokenizer.decode(tokens, start) });
  }

  try {
    return await train({
      ...{ model, optimizer, steps, store, signal, config: configOf(name, settings) },
      data: {
        ...stream,
        train: {
          ...stream.train,
          async next() {
            await turns.next(name, step + 1);
            begun = performance.now();
            return stream.train.next();
          },
        },
      },
      evaluation: { every: Math.max(10, Math.round(steps / 20)), sequences: validationSequences(data) },
      log: { every: 5 },
      checkpoint: { every: 25 },
      async onMetrics(line) {
        tell({ kind: 'line', racer: name, line });
        if (line.kind === 'evaluation' && line.step > 0) await sample(line.step);
      },
      onProgress(progress) {
        step = progress.step;
        milliseconds.push(performance.now() - begun);
        if (milliseconds.length > recentSteps) milliseconds.shift();
        const perStep = milliseconds.reduce((sum, value) => sum + value, 0) / milliseconds.length;
        tell({
          ...{ kind: 'step', racer: name, step },
          tokensPerSecond: (batchSize * contextLength * 1000) / perStep,
          stateBytes: optimizer.stateBytes(),
          memoryBytes: memory().numBytes,
        });
      },
    });
  } finally {
    optimizer.dispose();
  }
}
