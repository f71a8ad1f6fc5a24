import { readFile } from 'node:fs/promises';
import { isoflopLaw, type Table } from '@steepest/scaling-laws';
import { readTable } from '@steepest/scaling-laws/node';
import { markdownTable } from 'markdown-table';
import { percent } from './numbers.ts';

/** One way of training and counting in answers.json. */
interface Setting {
  readonly sourceFile: string;
  readonly dataset: 'rw' | 'owt2';
  readonly hparams: string;
  readonly warmup: string;
  readonly decay: string;
  readonly param_count: string;
  readonly val: string;
  readonly weighted: { readonly n_exponent: number };
  readonly bootstrap_weighted: { readonly quantiles: { readonly n_exponent: Record<string, number> } };
}

/** The source's own, as its configuration states it; nats per token. */
const noise = { rw: 0.002, owt2: 0.01 };
const draws = 1000;
const heldOutAbove = 3.2e18;

/** The exponent of the best size in the compute, from the runs of Porian et al. 2024 (arXiv 2406.19146). */
export async function isoflopSection(data: string): Promise<string> {
  const points = await readTable(`${data}porian/isoflop-points.csv`);
  const optima = await readTable(`${data}porian/isoflop-optima.csv`);
  const settings: Setting[] = JSON.parse(await readFile(`${data}porian/answers.json`, 'utf8'));
  const rows = settings.map((setting) => rowOf(setting, rowsOf(points, setting), rowsOf(optima, setting)));
  return [
    '## IsoFLOP curves',
    markdownTable([
      [
        'setting',
        'published exponent (95 %)',
        `found (${draws} draws)`,
        'worst N* off',
        'by parabolas',
        `worst N* above ${heldOutAbove.toExponential()} FLOPs`,
      ],
      ...rows,
    ]),
  ].join('\n\n');
}

function rowOf(setting: Setting, points: Table, optima: Table): string[] {
  const options = { noise: noise[setting.dataset], bootstrap: draws };
  const fit = isoflopLaw.fit(points, options);
  const parabolas = isoflopLaw.fit(points, { ...options, bootstrap: 100, curve: 'parabola' });
  const { holdOut } = isoflopLaw.fit(points, {
    ...options,
    bootstrap: 100,
    holdOut: { above: heldOutAbove },
  });
  const off = fit.optima.map(({ flops, parameters }) => {
    const known = optima.where((row) => row.flops === flops).column('n_star')[0];
    return Math.abs(parameters / Number(known) - 1);
  });
  const { value, interval } = fit.parameters.find(({ name }) => name === 'sizeExponent')!;
  const ends = setting.bootstrap_weighted.quantiles.n_exponent;
  const { dataset, hparams, warmup, decay, param_count: counting } = setting;
  return [
    `${dataset === 'rw' ? 'RefinedWeb' : 'OpenWebText2'}: ${hparams}, ${warmup} warm-up, ${decay} decay, ${counting} counting`,
    spread(setting.weighted.n_exponent, ends['0.025']!, ends['0.975']!),
    spread(value, interval!.low, interval!.high),
    percent(Math.max(...off)),
    parabolas.constants.sizeExponent.toFixed(4),
    percent(holdOut!.worstRelativeError),
  ];
}

function rowsOf(table: Table, setting: Setting): Table {
  const { sourceFile: source_file, dataset, hparams, warmup, decay, param_count, val } = setting;
  const wanted = Object.entries({ source_file, dataset, hparams, warmup, decay, param_count, val });
  return table.where((row) => wanted.every(([name, value]) => row[name] === value));
}

function spread(value: number, low: number, high: number): string {
  return `${value.toFixed(4)} (${low.toFixed(3)} - ${high.toFixed(3)})`;
}
