export { Command, InvalidArgumentError, Option } from 'commander';
export { main } from './command-line.ts';
export {
  commaSeparated,
  exitCodes,
  fromCaller,
  positiveNumber,
  runProgram,
  surviveClosedOutput,
  UsageError,
  wholeNumber,
} from './frame.ts';
