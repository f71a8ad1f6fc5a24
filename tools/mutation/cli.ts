import { fileURLToPath } from 'node:url';
import { main } from './command-line.ts';

process.exitCode = await main(process.argv.slice(2), fileURLToPath(new URL('../../', import.meta.url)));
