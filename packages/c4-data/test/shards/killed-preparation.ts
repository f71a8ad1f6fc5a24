import { prepareTokenShards } from '../../src/index.ts';

/** Says `>` when it is ready, waits for input, prepares as its argument says, and says `.` when documents were written. */
process.stdout.write('>');
await new Promise((resolve) => process.stdin.once('data', resolve));
await prepareTokenShards({
  ...JSON.parse(process.argv[2]!),
  workers: 2,
  // Now and then, so that some documents are written again.
  checkpointSeconds: 0.03,
  onProgress: () => void process.stdout.write('.'),
  onMalformed: () => {},
});
process.exit(0);
