import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareBackend } from '@steepest/backend';
import { ngramBaselines, type TextData } from '@steepest/c4-data';
import { countParameters } from '@steepest/lm-models';
import { tokensRead } from './definition/phases.ts';
import { packageFolder } from './package-files.ts';
import type { PreparationArguments } from './training/messages.ts';
import { openData, shapeOf } from './training/train-trial.ts';
import { runWorker, send } from './training/worker-process.ts';

/** Does once what all trials need: picks the backend and fills the token cache. */
await runWorker<PreparationArguments>(async (argument, signal) => {
  signal.addEventListener('abort', () => process.exit(130));
  await send({ type: 'status', text: 'choosing a backend' });
  const { name, reason: found, version } = await prepareBackend({ backend: argument.backend, threads: 1 });
  // How many threads each trial works on is the trials' own matter.
  const reason = found.replace(/ on (one|1) thread(: as asked, or the only core)?/, '');
  await send({ type: 'status', text: 'preparing the data' });
  const data = await openData(argument.data, argument.budget, 1, argument.cacheDirectory, {
    onProgress: ({ tokens }) =>
      void send({ type: 'status', text: `preparing the data: ${tokens.toLocaleString('en')} tokens` }),
    onSkipped: ({ path, reason }) =>
      void send({ type: 'warning', text: `${path} is passed over: ${reason}` }),
  });
  const { vocabularySize } = data;
  requireValidation(data, argument);
  await send({ type: 'status', text: 'counting n-grams' });
  const tokens = tokensRead(argument.budget);
  const manifest = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  return {
    type: 'prepared',
    prepared: {
      backend: { name, reason },
      versions: { steepest: manifest.version, tfjs: version, node: process.versions.node },
      textHash: data.identity,
      trainTokens: data.tokenCounts.train,
      validationTokens: data.tokenCounts.validation,
      // Counted, not made: the model may be one for other machines.
      parameters: countParameters(shapeOf(argument.model, argument.budget, 1, data)).total,
      vocabularySize,
      baselines: ngramBaselines(data, { sequences: argument.evaluation.sequences, tokens }),
    },
  };
});

/** @throws Error with what to write, where the text has fewer validation sequences than the experiment evaluates on */
function requireValidation(
  { tokenCounts }: Pick<TextData, 'tokenCounts'>,
  { budget: { contextLength }, evaluation: { sequences } }: PreparationArguments,
): void {
  const available = Math.floor((tokenCounts.validation - 1) / contextLength);
  if (sequences <= available) return;
  throw new Error(
    `the validation text has ${available} sequences of contextLength ${contextLength}, and evaluation.sequences is ${sequences}: ` +
      `write evaluation: { sequences: ${available} } or fewer, a smaller contextLength, or give more text`,
  );
}
