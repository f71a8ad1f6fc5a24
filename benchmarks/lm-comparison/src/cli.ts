import { main } from './command-line.ts';
import { goOnWithoutReader } from './without-reader.ts';

goOnWithoutReader();
process.exitCode = await main(process.argv.slice(2));
