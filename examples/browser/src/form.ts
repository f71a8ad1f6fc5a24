import { contenderRows } from './cards.ts';
import {
  type BackendName,
  type ContenderName,
  fewestRacers,
  mostRacers,
  type RaceSettings,
} from './settings.ts';

const byId = <Element extends HTMLElement>(id: string) => document.getElementById(id) as Element;

const form = byId<HTMLFormElement>('form');
const fields = {
  settings: byId<HTMLFieldSetElement>('settings'),
  steps: byId<HTMLSelectElement>('steps'),
  prompt: byId<HTMLInputElement>('prompt'),
  text: byId<HTMLTextAreaElement>('text'),
  backend: byId<HTMLSelectElement>('backend'),
};
const problem = byId('problem');

/** Most characters of a text of the user's. */
const longestText = 2_000_000;

const checks = () => Array.from(form.querySelectorAll<HTMLInputElement>('input[name="racer"]'));
const rateOf = (name: string) => form.elements.namedItem(`rate-${name}`) as HTMLInputElement;
const sources = () => form.elements.namedItem('source') as RadioNodeList;

/** Fills in what depends on the program, and lets the parts of the form act on one another. */
export function prepareForm(): void {
  byId('contenders').append(...contenderRows(['adamw', 'lion', 'muon']));
  const showOwn = () => {
    byId('own').hidden = sources().value !== 'own';
  };
  form.addEventListener('change', () => {
    showOwn();
    say('');
  });
  byId<HTMLInputElement>('file').addEventListener('change', async ({ target }) => {
    const file = (target as HTMLInputElement).files?.[0];
    if (file !== undefined) fields.text.value = await file.text();
  });
  showOwn();
  byId('isolation').textContent = crossOriginIsolated
    ? `WebAssembly may use all ${navigator.hardwareConcurrency} cores here.`
    : 'This host does not isolate the page (it sends no headers for that), so WebAssembly uses one thread.';
}

/** Tells the user what is wrong; an empty text takes it back. */
export function say(message: string): void {
  problem.textContent = message;
}

/** The settings that the form holds; undefined where one is wrong, which the form then says. */
export function readSettings(): RaceSettings | undefined {
  const names = checks().flatMap(({ checked, value }) => (checked ? [value as ContenderName] : []));
  if (names.length < fewestRacers || names.length > mostRacers) {
    say(`Choose ${fewestRacers} to ${mostRacers} optimizers; ${names.length} are chosen.`);
    return undefined;
  }
  const racers = names.map((name) => ({ name, learningRate: rateOf(name).valueAsNumber }));
  const isOwn = sources().value === 'own';
  const text = fields.text.value;
  if (isOwn && (text.length < 10_000 || text.length > longestText)) {
    const size = text.length.toLocaleString('en');
    say(`A text has 10,000 to ${longestText.toLocaleString('en')} characters; this one has ${size}.`);
    return undefined;
  }
  say('');
  return {
    racers,
    steps: Number(fields.steps.value),
    prompt: fields.prompt.value,
    ...(isOwn ? { text } : {}),
  };
}

/** Shows the settings of a stored race. */
export function showSettings({ racers, steps, prompt, text }: RaceSettings): void {
  for (const check of checks()) {
    const racer = racers.find(({ name }) => name === check.value);
    check.checked = racer !== undefined;
    if (racer !== undefined) rateOf(racer.name).value = String(racer.learningRate);
  }
  fields.steps.value = String(steps);
  fields.prompt.value = prompt;
  fields.text.value = text ?? '';
  sources().value = text === undefined ? 'corpus' : 'own';
  byId('own').hidden = text === undefined;
}

/** A race has settings of its own until it is discarded. */
export function lockSettings(isLocked: boolean): void {
  fields.settings.disabled = isLocked;
}

export const chosenBackend = () => fields.backend.value as BackendName | 'auto';
export const onBackendChange = (act: () => void) => fields.backend.addEventListener('change', act);
export const onSubmit = (act: () => void) =>
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
