#!/usr/bin/env node
import { runDataCli } from './command-line.ts';
import { goOnWithoutReader } from './without-reader.ts';

goOnWithoutReader();
runDataCli(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
