import { Adafactor } from '@steepest/optim-adafactor';
import { Adalayer } from '@steepest/optim-adalayer';
import { Adam, AdamW, AMSGrad } from '@steepest/optim-adam';
import { Lion } from '@steepest/optim-lion';
import { Sgd } from '@steepest/optim-sgd';
import { Signum } from '@steepest/optim-signum';
import type { OptimizerRecord, UpdateRule } from '@steepest/optimizer';
import { describe, expect, it } from 'vitest';
import { readInRepository } from './readme-blocks.ts';

const optimizers = [
  ['optim-adafactor', Adafactor],
  ['optim-adalayer', Adalayer],
  ['optim-adam', Adam],
  ['optim-lion', Lion],
  ['optim-sgd', Sgd],
  ['optim-signum', Signum],
] as const;

const shared = [
  'weightDecay',
  'weightDecayMode',
  'trainable',
  'peakLearningRate',
  'clipGlobalNorm',
  'groups',
];

interface Row {
  readonly option: string;
  readonly default: string;
  readonly meaning: string;
}

/** The rows of the table that starts with the column `option`, without their backticks. */
function optionTable(markdown: string): Row[] {
  const lines = markdown.split('\n');
  const head = lines.findIndex((line) => /^\| option /.test(line));
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  return lines.slice(head + 2, end).map((line) => {
    const [option, value, meaning] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    return {
      option: option!.replaceAll('`', ''),
      default: value!.replaceAll('`', ''),
      meaning: meaning!,
    };
  });
}

/** A default as a table writes it, read back as a JavaScript value. */
function parsedDefault(text: string): unknown {
  return JSON.parse(text.replaceAll("'", '"'));
}

const optionsOf = ({ hyperparameters, settings }: OptimizerRecord) => [...hyperparameters, ...settings];

describe.each(optimizers)('the README of %s', (folder, OptimizerClass) => {
  const markdown = readInRepository(`packages/${folder}/README.md`);
  const rows = optionTable(markdown);
  const record = new OptimizerClass().describe();

  it('lists the optimizer’s own options as describe() does: names, defaults and meanings', () => {
    const own = rows.slice(0, -shared.length).map((row) => ({
      name: row.option,
      default: parsedDefault(row.default),
      description: row.meaning,
    }));
    expect(own).toEqual(optionsOf(record));
  });

  it('goes on with the options that all optimizers share, and their defaults', () => {
    const listed = rows.slice(-shared.length);
    expect(listed.map((row) => row.option)).toEqual(shared);
    const rule: UpdateRule = OptimizerClass.rule;
    expect(parsedDefault(listed[0]!.default)).toBe(rule.defaults?.weightDecay ?? 0);
    expect(parsedDefault(listed[1]!.default)).toBe(rule.defaults?.weightDecayMode ?? 'decoupled');
  });

  it('states the bytes of state that describe() counts', () => {
    // Rows, columns and blocks of the 1024 x 1024 matrix that is counted are less than a hundredth of a byte.
    const stated = /\*\*State:\*\* (\d+) bytes a parameter/.exec(markdown);
    expect(Number(stated?.[1])).toBe(Math.floor(record.stateBytesPerParameter + 1e-9));
  });

  it('names the paper', () => {
    expect(markdown.replaceAll(/\s+/g, ' ')).toContain(record.paper.source);
  });
});

describe('the table of optim-adam', () => {
  it('holds for AdamW but for the weight decay that the README states', () => {
    expect(optionsOf(new AdamW().describe())).toEqual(optionsOf(new Adam().describe()));
    expect(AdamW.rule.defaults).toEqual({ weightDecay: 0.01, weightDecayMode: 'decoupled' });
  });

  it('holds for AMSGrad but for amsgrad', () => {
    const adam = optionsOf(new Adam().describe());
    const expected = adam.map((option) =>
      option.name === 'amsgrad' ? { ...option, default: true } : option,
    );
    expect(optionsOf(new AMSGrad().describe())).toEqual(expected);
    expect(AMSGrad.rule.defaults).toEqual(Adam.rule.defaults);
  });
});
