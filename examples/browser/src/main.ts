import {
  chosenBackend,
  lockSettings,
  onBackendChange,
  onSubmit,
  prepareForm,
  readSettings,
  say,
  showSettings,
} from './form.ts';
import type { Report, Request } from './messages.ts';
import { Scoreboard } from './scoreboard.ts';
import type { RaceSettings } from './settings.ts';

type Phase = 'idle' | 'racing' | 'pausing' | 'paused' | 'over';

const byId = <Element extends HTMLElement>(id: string) => document.getElementById(id) as Element;
const go = byId<HTMLButtonElement>('go');
const fresh = byId<HTMLButtonElement>('new');
const status = byId('status');
const scoreboard = new Scoreboard(
  byId('chart'),
  byId('racers'),
  { count: byId('count'), speed: byId('speed'), memory: byId('memory') },
  byId<HTMLProgressElement>('progress'),
);

let phase: Phase = 'idle';
let settings: RaceSettings | undefined;
let worker: Worker;
/** On what the worker computes; it keeps its backend for life. */
let backend: string | undefined;
/** A racer has been paused since training was started or resumed. */
let interrupted = false;

function enter(next: Phase, words: string): void {
  phase = next;
  status.textContent = words;
  go.textContent = { idle: 'Start', racing: 'Pause', pausing: 'Pausing', paused: 'Resume', over: 'Finished' }[
    next
  ];
  go.disabled = next === 'pausing' || next === 'over';
  fresh.disabled = next !== 'paused' && next !== 'over';
  lockSettings(next !== 'idle');
  document.body.dataset.phase = next;
}

const ask = (request: Request) => worker.postMessage(request);

function startWorker(): void {
  worker?.terminate();
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<Report>) => hear(data);
  // A race that had begun is stored as far as it came; a worker that ended without a word cannot say so.
  worker.onerror = ({ message }) => hear({ kind: 'failed', message, stored: phase !== 'idle' });
  backend = undefined;
}

function begin(race: RaceSettings): void {
  // A worker that has computed on another backend would keep the memory of both.
  if (backend !== undefined && backend !== chosenBackend()) startWorker();
  backend = chosenBackend();
  interrupted = false;
  say('');
  enter('racing', 'Starting');
  ask({ kind: 'race', settings: race, backend: chosenBackend() });
}

function preview(): void {
  settings = readSettings();
  if (settings !== undefined) scoreboard.set(settings);
}

function hear(report: Report): void {
  switch (report.kind) {
    case 'found':
      if (report.race === undefined) return;
      settings = report.race.settings;
      showSettings(settings);
      scoreboard.set(settings);
      scoreboard.restore(report.race);
      enter('paused', 'A race is stored in this browser. It continues where it was.');
      return;
    case 'preparing':
      status.textContent = report.what;
      return;
    case 'racing':
      if (report.race !== undefined) scoreboard.restore(report.race);
      scoreboard.levels(report.baselines);
      status.textContent = `${(report.parameters / 1e6).toFixed(2)} million parameters on ${report.reason}`;
      return;
    case 'stopped':
      if (!interrupted) enter('over', 'The race is over.');
      else if (backend === chosenBackend()) enter('paused', 'Paused. The race is stored in this browser.');
      else begin(settings!);
      return;
    case 'failed':
      // What a backend that failed has left behind would stay in its worker.
      if (phase === 'racing' || phase === 'pausing') startWorker();
      say(report.message);
      enter(report.stored ? 'paused' : 'idle', 'Stopped by an error.');
      return;
    case 'ended':
      interrupted ||= report.status === 'interrupted';
      scoreboard.hear(report);
      return;
    default:
      scoreboard.hear(report);
  }
}

function pause(): void {
  enter('pausing', 'Storing the race');
  ask({ kind: 'pause' });
}

prepareForm();
onSubmit(() => {
  if (phase === 'racing') pause();
  else if (phase === 'paused') begin(settings!);
  else {
    preview();
    if (settings !== undefined) begin(settings);
  }
});
onBackendChange(() => {
  if (phase === 'racing') pause();
});
byId('settings').addEventListener('change', preview);
fresh.addEventListener('click', () => {
  ask({ kind: 'discard' });
  say('');
  enter('idle', 'Ready.');
  preview();
});
enter('idle', 'Ready.');
preview();
startWorker();
ask({ kind: 'find' });
