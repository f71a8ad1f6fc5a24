import { chinchillaSection } from './chinchilla.ts';
import { envelopeSection } from './envelope.ts';
import { isoflopSection } from './isoflop.ts';
import { overTrainingSection } from './over-training.ts';

const [folder, ...others] = process.argv.slice(2);
if (folder === undefined || others.length > 0) {
  console.error('usage: npm run check -w benchmarks/scaling-laws-checks -- <folder of the published runs>');
  process.exit(2);
}
// npm starts a script of a workspace in its folder; a relative path is meant from where npm was called.
const data = new URL(`${folder}/`, `file://${process.env.INIT_CWD ?? process.cwd()}/`).pathname;
for (const section of [chinchillaSection, isoflopSection, overTrainingSection, envelopeSection]) {
  console.log(`${await section(data)}\n`);
}
