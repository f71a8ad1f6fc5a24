import { styleText } from 'node:util';
import {
  type Display,
  formatBar,
  formatEnd,
  formatOverall,
  formatRunning,
  type RunView,
  type TrialEnd,
} from '@steepest/experiments';
import { createLogUpdate } from 'log-update';

/** A display that redraws in place on a terminal and writes occasional lines elsewhere. */
export function createDisplay(stream: NodeJS.WriteStream): Display {
  return stream.isTTY ? new LiveDisplay(stream) : new PlainDisplay(stream);
}

const redrawMilliseconds = 250;

class LiveDisplay implements Display {
  private readonly update: ReturnType<typeof createLogUpdate>;
  private view: RunView | undefined;
  private phaseText = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {
    this.update = createLogUpdate(stream);
  }

  line(text: string): void {
    this.phaseText = '';
    this.update.persist(text);
    this.draw();
  }

  phase(text: string): void {
    this.phaseText = text;
    this.draw();
  }

  show(view: RunView): void {
    this.view = view;
    this.timer = setInterval(() => this.draw(), redrawMilliseconds);
    this.draw();
  }

  ended(end: TrialEnd): void {
    const text = formatEnd(end, this.view?.nameWidth ?? 0);
    const color = {
      finished: 'green',
      diverged: 'yellow',
      failed: 'red',
      interrupted: 'gray',
      stopped: 'gray',
    } as const;
    this.line(styleText(color[end.status], text));
  }

  close(): void {
    clearInterval(this.timer);
    this.update.clear();
    this.update.done();
  }

  private draw(): void {
    if (this.view !== undefined) this.update(this.lines(this.view).join('\n'));
    else if (this.phaseText !== '') this.update(`  ${this.phaseText}…`);
  }

  private lines(view: RunView): string[] {
    const columns = this.stream.columns || 80;
    const bar = styleText('cyan', formatBar(view.fraction, 24));
    const running = [...view.running.values()].map((trial) => {
      const { step, steps } = trial.progress ?? { step: 0, steps: 1 };
      const share = step / steps;
      return `  ${formatBar(share, 10)} ${formatRunning(trial, view.nameWidth)}`.slice(0, columns - 1);
    });
    const hint = view.stopping ? 'stopping after a checkpoint… (Ctrl-C again ends at once)' : 'Ctrl-C pauses';
    return ['', `${bar} ${formatOverall(view)}`, ...running, styleText('gray', `  ${hint}`)];
  }
}

const plainSeconds = 20;

class PlainDisplay implements Display {
  private view: RunView | undefined;
  private lastPhase = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  line(text: string): void {
    this.stream.write(`${text}\n`);
  }

  phase(text: string): void {
    // A progress count after the colon would fill a log: one line a kind of work.
    const kind = text.split(':')[0] ?? text;
    if (kind !== this.lastPhase) this.line(kind);
    this.lastPhase = kind;
  }

  show(view: RunView): void {
    this.view = view;
    this.timer = setInterval(() => this.report(), plainSeconds * 1_000);
  }

  ended(end: TrialEnd): void {
    const progress = this.view === undefined ? '' : `  (${formatOverall(this.view)})`;
    this.line(`${formatEnd(end, 0)}${progress}`);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private report(): void {
    if (this.view === undefined) return;
    this.line(formatOverall(this.view));
    for (const trial of this.view.running.values()) this.line(`  ${formatRunning(trial, 0)}`);
  }
}
