import type { InstallReport } from '@steepest/tensorflow/install';
import { createLogUpdate } from 'log-update';

/** Least time between two drawings of the line of progress. */
const redrawMilliseconds = 250;

/** Tells what an installation does on a stream: a line for each step, and on a terminal a line that moves. */
export function terminalReport(stream: NodeJS.WriteStream): InstallReport & { close(): void } {
  const draw = createLogUpdate(stream);
  let last = 0;
  const clear = () => {
    if (stream.isTTY) draw.clear();
  };
  return {
    showsPrograms: stream.isTTY === true,
    step(text) {
      clear();
      stream.write(`${text}\n`);
    },
    progress(fraction, text) {
      if (!stream.isTTY || performance.now() - last < redrawMilliseconds) return;
      last = performance.now();
      draw(`  ${Math.floor(fraction * 100)}% · ${text}`);
    },
    close: clear,
  };
}
