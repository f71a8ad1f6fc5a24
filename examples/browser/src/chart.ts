import { type ContenderName, contenders } from './settings.ts';

/** A point of a curve: nats per token at a step. */
export interface Point {
  readonly step: number;
  readonly loss: number;
}

/** What is drawn of one racer. */
export interface Curve {
  readonly racer: ContenderName;
  readonly training: readonly Point[];
  readonly validation: readonly Point[];
}

/** A level to compare with, drawn dashed. */
export interface Level {
  readonly title: string;
  readonly loss: number;
  /** Where its title stands, on which side curves are not when they get there. */
  readonly side: 'above' | 'below';
}

const margin = { top: 8, right: 12, bottom: 26, left: 40 };

/** About `count` round numbers over a range. */
function ticks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!;
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Loss curves, redrawn at most once a frame and whenever their place changes its size. */
export class LossChart {
  #curves: readonly Curve[] = [];
  #levels: readonly Level[] = [];
  #steps = 1;
  #isWaiting = false;

  /** @param place where the chart fills the room there is */
  constructor(readonly place: HTMLElement) {
    new ResizeObserver(() => this.#draw()).observe(place);
  }

  show(curves: readonly Curve[], levels: readonly Level[], steps: number): void {
    this.#curves = curves;
    this.#levels = levels;
    this.#steps = steps;
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (width <= 0 || height <= 0) return;
    const losses = this.#curves.flatMap(({ training, validation }) => [...training, ...validation]);
    const values = [...losses, ...this.#levels].map(({ loss }) => loss).filter(Number.isFinite);
    const [lowest, highest] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [4, 8.5];
    const spare = Math.max(0.1, (highest - lowest) * 0.06);
    const [bottom, top] = [lowest - spare, Math.min(highest, lowest + 12) + spare];
    const right = width - margin.right;
    const base = height - margin.bottom;
    const x = (step: number) => margin.left + ((right - margin.left) * step) / this.#steps;
    const y = (loss: number) =>
      margin.top + ((base - margin.top) * (top - Math.min(top, Math.max(bottom, loss)))) / (top - bottom);
    const at = ({ step, loss }: Point) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`;
    const drawn = (points: readonly Point[]) => points.filter(({ loss }) => Number.isFinite(loss));

    const horizontal = ticks(bottom, top, 5).map(
      (loss) =>
        `<line class="grid" x1="${margin.left}" x2="${right}" y1="${y(loss)}" y2="${y(loss)}"/>` +
        `<text x="${margin.left - 8}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`,
    );
    const vertical = ticks(0, this.#steps, width < 420 ? 3 : 6).map(
      (step) =>
        `<text x="${x(step)}" y="${base + 20}" text-anchor="${step === this.#steps ? 'end' : 'middle'}">${step}</text>`,
    );
    const levels = this.#levels.map(
      ({ title, loss, side }) =>
        `<line class="baseline" x1="${margin.left}" x2="${right}" y1="${y(loss)}" y2="${y(loss)}"/>` +
        `<text class="level" x="${right}" y="${y(loss) + (side === 'above' ? -6 : 16)}" text-anchor="end">` +
        `${escaped(title)} ${loss.toFixed(2)}</text>`,
    );
    const curves = this.#curves.map(
      ({ racer, training, validation }) =>
        `<g style="--color: var(--${racer})">` +
        `<polyline class="curve" points="${drawn(training).map(at).join(' ')}"/>` +
        drawn(validation)
          .map((point) => `<circle class="validation" cx="${x(point.step)}" cy="${y(point.loss)}" r="3.5"/>`)
          .join('') +
        '</g>',
    );
    const words = this.#curves.flatMap(({ racer, training }) => {
      const last = training.at(-1);
      return last ? [`${contenders[racer].title} ${last.loss.toFixed(2)} at step ${last.step}`] : [];
    });
    const label = `Training loss by step${words.length > 0 ? `: ${words.join(', ')}` : ', before the first'}`;
    this.place.innerHTML =
      `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">` +
      [...horizontal, ...vertical, ...curves, ...levels].join('') +
      '</svg>';
  }
}
