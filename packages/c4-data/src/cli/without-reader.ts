/**
 * Lets this process go on to its end, and to its exit code, where whoever reads its output has had enough, as `head` does after
 * some lines: what is being written is finished.
 */
export function goOnWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
