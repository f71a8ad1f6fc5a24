import { fileURLToPath } from 'node:url';
import { main } from './command-line.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
process.exitCode = await main(process.argv.slice(2), repository);
