#!/usr/bin/env node
import { main } from './command-line.ts';

process.exitCode = main(process.argv.slice(2), process.cwd());
