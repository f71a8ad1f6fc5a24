export { main } from './command-line.ts';
export { exitCodes, surviveClosedOutput } from './frame.ts';
