import { surviveClosedOutput } from '@steepest/cli';
import { main } from './command-line.ts';

surviveClosedOutput();
process.exitCode = await main(process.argv.slice(2));
