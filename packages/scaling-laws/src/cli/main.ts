#!/usr/bin/env node
import { runLawsCli } from './command-line.ts';
import { endWithReader } from './output.ts';

endWithReader(process.stdout);
endWithReader(process.stderr);

runLawsCli(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
