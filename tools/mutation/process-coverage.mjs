/** Loaded into every process and thread that a test starts: leaves behind which mutants it ran. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

process.on('exit', () => {
  const { MUTANTS_NAMESPACE, MUTANTS_FOLDER } = process.env;
  const hits = globalThis[MUTANTS_NAMESPACE]?.mutantCoverage?.static;
  if (hits === undefined) return;
  const name = `${process.pid}-${threadId}.json`;
  // Renamed when it is whole: a test may end, and read the folder, before its processes do.
  const unfinished = `${MUTANTS_FOLDER}-${name}`;
  writeFileSync(unfinished, JSON.stringify(hits));
  renameSync(unfinished, join(MUTANTS_FOLDER, name));
});
