#!/usr/bin/env node
import { main } from './command-line.ts';
import { goOnWithoutReader } from './without-reader.ts';

goOnWithoutReader();
main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
