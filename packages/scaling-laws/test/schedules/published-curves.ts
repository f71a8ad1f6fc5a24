import { existsSync, readFileSync } from 'node:fs';
import type { LossCurve, MultiPowerParameters } from '../../src/index.ts';

const folder = new URL('../../../../../shared/data/laws/multi-power-law/', import.meta.url);

/** Whether the loss curves of Luo et al. 2025 lie beside the checkout. */
export const hasPublishedCurves = existsSync(folder);

/** Constants that Luo et al. 2025 (arXiv 2503.12811) published, by millions of parameters. */
export const publishedConstants: Readonly<Record<25 | 100 | 400, MultiPowerParameters>> = {
  25: constants(3.04045, 0.52469, 0.50787, 363.788, 2.06561, 0.58279, 0.64142),
  100: constants(2.65145, 0.60115, 0.45296, 437.946, 2.13246, 0.59785, 0.65524),
  400: constants(2.37474, 0.65421, 0.42879, 523.425, 2.02463, 0.5935, 0.63472),
};

function constants(
  ...[L0, A, alpha, B, C, beta, gamma]: [number, number, number, number, number, number, number]
) {
  return { L0, A, alpha, B, C, beta, gamma };
}

const peak = 3e-4;
const end = 3e-5;
const warmupSteps = 2160;

/** Their schedules, by name; the file has the rate at the steps of the loss only. */
function rateAt(name: string, step: number): number {
  // 2,160 values from 0 to the peak, of which the first belongs to a step 0.
  if (step < warmupSteps) return (peak * step) / (warmupSteps - 1);
  const [family, ...numbers] = name.split('_');
  const [from, to] = numbers.map(Number) as [number, number];
  switch (family) {
    case 'cosine':
      return (
        end + ((peak - end) * (1 + Math.cos((Math.PI * (step - warmupSteps)) / (from - warmupSteps)))) / 2
      );
    case 'constant':
      return peak;
    case 'wsdcon':
      return step < 8000 ? peak : from * 1e-5;
    case 'wsd':
      return step < from ? peak : peak * 0.1 ** ((step - from) / (to - from));
    case 'wsdld':
      return step < from ? peak : peak + ((end - peak) * (step - from)) / (to - from - 1);
  }
  throw new Error(`no schedule is known by the name ${name}`);
}

/** One of their curves, with the largest difference between its schedule and the rates in the file. */
export function publishedCurve(millions: number, name: string): LossCurve & { readonly rateError: number } {
  const text = readFileSync(new URL(`csv_${millions}/${name}.csv`, folder), 'utf8');
  const rows = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').map(Number) as [number, number, number]);
  const steps = rows.map(([step]) => step);
  return {
    name,
    rates: Float64Array.from({ length: steps.at(-1)! }, (_, index) => rateAt(name, index + 1)),
    steps,
    losses: rows.map(([, , loss]) => loss),
    rateError: rows.reduce(
      (largest, [step, rate]) => Math.max(largest, Math.abs(rate - rateAt(name, step))),
      0,
    ),
  };
}

export const fittedNames = ['cosine_24000', 'constant_24000', 'wsdcon_9'];
export const heldOutNames = [
  'cosine_72000',
  'constant_72000',
  'wsd_20000_24000',
  'wsdld_20000_24000',
  'wsdcon_3',
  'wsdcon_18',
];
