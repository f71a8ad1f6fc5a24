import { styleText } from 'node:util';
import { formatBar } from '@steepest/experiments/format';
import { createLogUpdate } from 'log-update';

const redrawMilliseconds = 250;
const plainSeconds = 20;
const barWidth = 24;

/** A line of progress: redrawn on a terminal, written now and then elsewhere. */
export interface ProgressLine {
  /** @param fraction of the work that is done; undefined where that is not known */
  update(fraction: number | undefined, text: string): void;
  /** A line that stays. */
  line(text: string): void;
  /** Stops drawing and leaves the terminal as it was. */
  close(): void;
}

export function createProgressLine(stream: NodeJS.WriteStream, hint = ''): ProgressLine {
  return stream.isTTY ? liveLine(stream, hint) : plainLine(stream);
}

function withPercent(fraction: number | undefined, text: string): string {
  return fraction === undefined ? text : `${Math.floor(fraction * 100)}% · ${text}`;
}

function liveLine(stream: NodeJS.WriteStream, hint: string): ProgressLine {
  const draw = createLogUpdate(stream);
  let last = Number.NEGATIVE_INFINITY;
  return {
    update(fraction, text) {
      if (performance.now() - last < redrawMilliseconds) return;
      last = performance.now();
      const bar = fraction === undefined ? '' : `${formatBar(fraction, barWidth)} `;
      // A line that is broken into two would flicker.
      const rest = withPercent(fraction, text).slice(0, (stream.columns || 80) - 1 - bar.length);
      const lines = [`${styleText('cyan', bar, { validateStream: false })}${rest}`];
      if (hint !== '') lines.push(styleText('gray', `  ${hint}`, { validateStream: false }));
      draw(lines.join('\n'));
    },
    line: (text) => draw.persist(text),
    close() {
      draw.clear();
      draw.done();
    },
  };
}

function plainLine(stream: NodeJS.WriteStream): ProgressLine {
  let last = performance.now();
  return {
    update(fraction, text) {
      if (performance.now() - last < plainSeconds * 1000) return;
      last = performance.now();
      stream.write(`${withPercent(fraction, text)}\n`);
    },
    line: (text) => stream.write(`${text}\n`),
    close() {},
  };
}
