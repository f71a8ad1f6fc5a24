#!/usr/bin/env node
import { main } from './command-line.ts';
import { endWithReader } from './output.ts';

endWithReader(process.stdout);
endWithReader(process.stderr);

main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
