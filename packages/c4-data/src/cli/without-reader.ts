/**
 * Lets this process finish with its own exit code where the reader of its output closes it early, as `head` does after
 * some lines: what is being written is finished.
 */
export function goOnWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
