import { pathToFileURL } from 'node:url';
import { Command, fromCaller, runProgram } from '@steepest/cli';
import { chinchillaSection } from './chinchilla.ts';
import { envelopeSection } from './envelope.ts';
import { isoflopSection } from './isoflop.ts';
import { overTrainingSection } from './over-training.ts';

process.exitCode = await runProgram(process.argv.slice(2), () =>
  new Command('scaling-laws-checks')
    .description('Fits the laws to published runs, and prints what the fits say beside what the papers say.')
    .argument('<folder>', 'the published runs')
    .action(async (folder: string) => {
      const data = pathToFileURL(`${fromCaller(folder)}/`).pathname;
      for (const section of [chinchillaSection, isoflopSection, overTrainingSection, envelopeSection]) {
        console.log(`${await section(data)}\n`);
      }
    }),
);
