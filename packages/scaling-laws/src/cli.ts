export { exitCodes, type LawsCliOptions, runLawsCli } from './cli/command-line.ts';
export type { CommandOutput } from './cli/output.ts';
