// cspell:ignore genai Tokeniser pretraining
// A model of nanogpt's own of the same sizes, trained as its documentation says: its layers and losses are others.
import { data, TeachableLLM, type TrainingJob } from '@genai-fi/nanogpt';
import { answer, type ClockedStep, readTask } from './serve.ts';

/** Characters of which the text is drawn; each token is one. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz ,.';

let model: TeachableLLM;
let job: TrainingJob | undefined;
let reached: (() => void) | undefined;
let pause = 0;
let steps: ClockedStep[] = [];
let wanted = 0;
let last: number | undefined;

async function prepare(): Promise<void> {
  const { task, batch } = await readTask();
  await TeachableLLM.selectBackend('webgpu');
  model = TeachableLLM.create('char', {
    ...{ modelType: 'GenAI_NanoGPT_v1', useRope: true, mlpFactor: 4 },
    ...{ vocabSize: task.vocabulary, blockSize: task.positions },
    ...{ nLayer: task.layers, nHead: task.heads, nEmbed: task.width },
  });
  const tokens = Array.from({ length: task.batches }, (_, i) => [...batch(i)]).flat();
  const text = tokens.map((token) => alphabet[token % alphabet.length]).join('');
  const streams = [await data.loadTextData(new File([text.repeat(4)], 'text.txt', { type: 'text/plain' }))];
  await model.trainTokeniser(streams);
  model.training.on('progress', ({ history }) => {
    const now = performance.now();
    // The first of a turn has waited for a pass that warms up.
    if (last !== undefined) {
      steps.push({ loss: history!.at(-1)!.trainingMetrics.loss, milliseconds: now - last });
    }
    last = now;
    if (steps.length === wanted - 1) pause = model.training.addBreak(job!.id)!;
  });
  model.training.on('paused', () => reached?.());
  const { learningRate, beta1, beta2, epsilon, weightDecay } = task;
  const options = { method: { type: 'pretraining' }, batchSize: task.sequences, logInterval: 1 } as const;
  // It starts at once, and pauses at its first line of metrics, of which every step has one.
  const started = model.training.job(
    { ...options, learningRate, beta1, beta2, epsilon, weightDecay, mixedPrecision: false, maxEpochs: 100 },
    streams,
    [{ id: 'text', name: 'text' }],
  );
  job = await started;
  const paused = new Promise<void>((resolve) => {
    reached = resolve;
  });
  pause = model.training.addBreak(job.id)!;
  await paused;
}

async function run(count: number): Promise<readonly ClockedStep[]> {
  steps = [];
  wanted = count;
  last = undefined;
  const done = new Promise<void>((resolve) => {
    reached = resolve;
  });
  model.training.deleteBreak(job!.id, pause);
  await model.training.resume(job!.id);
  await done;
  return steps;
}

answer(async (request) => {
  if ('steps' in request) return { steps: await run(request.steps) };
  if (request.backend !== 'webgpu') return { missing: 'nanogpt has no wasm backend' };
  await prepare();
  return { ready: true };
});
