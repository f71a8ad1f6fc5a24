import type { MetricsLine } from '@steepest/trainer';
import { Card } from './cards.ts';
import { type Curve, type Level, LossChart, type Point } from './chart.ts';
import type { Report, StoredRace } from './messages.ts';
import type { ContenderName, RaceSettings } from './settings.ts';

interface Lane extends Curve {
  readonly training: Point[];
  readonly validation: Point[];
  readonly card: Card;
  step: number;
  tokensPerSecond: number;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const whole = (number: number) => Math.round(number).toLocaleString('en');

/** Everything that the page shows of a race: the curves, the cards, and the numbers of all racers together. */
export class Scoreboard {
  readonly #chart: LossChart;
  #lanes = new Map<ContenderName, Lane>();
  #levels: readonly Level[] = [];
  #steps = 1;

  constructor(
    chart: HTMLElement,
    readonly cards: HTMLElement,
    readonly numbers: Readonly<Record<'count' | 'speed' | 'memory', HTMLElement>>,
    readonly progress: HTMLProgressElement,
  ) {
    this.#chart = new LossChart(chart);
  }

  /** Clears everything for a race; also for one that only might be run, so that nothing moves when it starts. */
  set({ racers, steps, prompt }: RaceSettings): void {
    this.#steps = steps;
    this.#lanes = new Map(
      racers.map((racer) => [
        racer.name,
        {
          ...{ racer: racer.name, card: new Card(racer, prompt), training: [], validation: [] },
          ...{ step: 0, tokensPerSecond: 0 },
        },
      ]),
    );
    this.cards.replaceChildren(...[...this.#lanes.values()].map(({ card }) => card.article));
    this.#levels = [];
    for (const number of Object.values(this.numbers)) number.textContent = '–';
    this.#show();
  }

  /** Goes back to what is stored of a race, from where it continues. */
  restore({ runs }: StoredRace): void {
    for (const { racer, step, metrics } of runs) {
      const lane = this.#lanes.get(racer);
      if (lane === undefined) continue;
      lane.training.length = 0;
      lane.validation.length = 0;
      lane.step = step;
      for (const line of metrics) this.#add(lane, line);
    }
    this.#show();
  }

  levels({ unigram, bigram }: { readonly unigram: number; readonly bigram: number }): void {
    // Tables of counts: what a model is ahead of that has learned more than which tokens are frequent, alone and in pairs.
    this.#levels = [
      { title: 'unigram', loss: unigram, side: 'above' },
      { title: 'bigram', loss: bigram, side: 'below' },
    ];
    this.#show();
  }

  hear(report: Extract<Report, { racer: ContenderName }>): void {
    const lane = this.#lanes.get(report.racer)!;
    switch (report.kind) {
      case 'line':
        this.#add(lane, report.line);
        break;
      case 'step':
        lane.step = report.step;
        lane.tokensPerSecond = report.tokensPerSecond;
        lane.card.set('speed', whole(report.tokensPerSecond));
        lane.card.set('state', megabytes(report.stateBytes));
        this.numbers.memory.textContent = `${megabytes(report.memoryBytes)} in use`;
        break;
      case 'sample':
        lane.card.write(report.text);
        break;
      case 'ended':
        if (report.status === 'diverged') lane.card.note('diverged');
        break;
    }
    this.#show();
  }

  #add(lane: Lane, { kind, step, loss }: MetricsLine): void {
    const points = kind === 'train' ? lane.training : lane.validation;
    points.push({ step, loss });
    lane.card.set(kind === 'train' ? 'training' : 'validation', loss.toFixed(3));
  }

  #show(): void {
    const lanes = [...this.#lanes.values()];
    this.#chart.show(lanes, this.#levels, this.#steps);
    const scores = lanes.map(
      ({ validation }) => (validation.at(-1)?.step ?? 0) > 0 && validation.at(-1)!.loss,
    );
    const best = Math.min(...scores.filter((score) => score !== false));
    for (const [index, { card }] of lanes.entries()) card.lead(scores[index] === best);
    const made = lanes.reduce((sum, { step }) => sum + step, 0);
    this.progress.value = made / (this.#steps * lanes.length);
    const steps = Math.min(...lanes.map(({ step }) => step));
    this.numbers.count.textContent = `step ${whole(steps)} of ${whole(this.#steps)}`;
    // One after another, they share the time.
    const seconds = lanes.reduce((sum, { tokensPerSecond }) => sum + 1 / tokensPerSecond, 0);
    if (Number.isFinite(seconds))
      this.numbers.speed.textContent = `${whole(lanes.length / seconds)} tokens/s`;
  }
}
