#!/usr/bin/env node
import { main } from './command-line.ts';
import { surviveClosedOutput } from './frame.ts';

surviveClosedOutput();
process.exitCode = await main(process.argv.slice(2));
