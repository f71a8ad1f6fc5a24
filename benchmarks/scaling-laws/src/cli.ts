import { goOnWithoutReader } from '../../lm-comparison/src/without-reader.ts';
import { main } from './command-line.ts';

goOnWithoutReader();
process.exitCode = await main(process.argv.slice(2));
