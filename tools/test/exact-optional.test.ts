import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every optimizer with its options passed on from settings that may be undefined, as a user writes them. */
const program = `
import { Adam, AdamW, type AdamOptions } from '@steepest/optim-adam';
import { Lion } from '@steepest/optim-lion';
import { Muon } from '@steepest/optim-muon';
import { Sgd } from '@steepest/optim-sgd';
import { Adafactor } from '@steepest/optim-adafactor';
import { byRank, bySize, combine, layerWiseDecay } from '@steepest/param-groups';
declare const given: {
  rate?: number | undefined;
  flag?: boolean | undefined;
  decay?: 'l2' | undefined;
  form?: 'nesterov' | undefined;
  match?: string | undefined;
  groups?: AdamOptions['groups'];
};
export const all = [
  new Adam({ learningRate: given.rate, amsgrad: given.flag, groups: given.groups, weightDecayMode: given.decay }),
  new AdamW({ clipGlobalNorm: given.rate, clipValue: given.rate, accumulationSteps: given.rate, maximize: given.flag }),
  new Lion({ skipNonFinite: given.flag, averageDecay: given.rate, recordMetrics: given.flag, peakLearningRate: given.rate }),
  new Sgd({ momentum: given.rate, momentumForm: given.form, trainable: given.flag }),
  new Adafactor({ neuronOnly: given.flag, groups: [{ match: { name: given.match, rank: 1 }, learningRate: given.rate }] }),
  combine([{ match: byRank(2), optimizer: new Muon() }, { match: given.match, optimizer: new AdamW() }], {
    clipGlobalNorm: given.rate,
  }),
];
layerWiseDecay({ learningRate: 1, decay: 0.5, numberOfLayers: 1, depthOf: undefined });
bySize({ minimum: given.rate, maximum: 1 });
const rate: number = new Adam().learningRate + new Adam().beta1 + new Muon().momentum;
new Adam().learningRate = (step) => rate / step;
new Adam().setHyperparameter('beta2', 0.9, { member: 0, group: given.rate });
// @ts-expect-error: a name of another library.
new Adam().setHyperparameter('lr', 1);
// @ts-expect-error: Lion has no second moment.
new Lion().epsilon;
// @ts-expect-error: a rate is no text.
new Adam({ learningRate: '0.1' });
`;

let folder: string;
beforeAll(() => {
  // Inside the repository, where the packages are found.
  folder = mkdtempSync(join(root, 'node_modules/.exact-optional-'));
  writeFileSync(join(folder, 'program.ts'), program);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const packages = readdirSync(join(root, 'packages'));
const paths = {
  ...Object.fromEntries(
    packages.map((name) => [`@steepest/${name}`, [join(root, 'packages', name, 'src/index.ts')]]),
  ),
  // Sources import it by its exports, which node10 does not know; the published types do not mention it.
  'pure-rand/*': [join(root, 'node_modules/pure-rand/lib/esm/*')],
};
const { ModuleKind, ModuleResolutionKind: Resolution } = ts;

// The repository's own type check is the one for bundlers.
it.each([
  ['nodenext', Resolution.NodeNext, ModuleKind.NodeNext],
  ['node10', Resolution.Node10, ModuleKind.ESNext],
])(
  'options may be undefined under strict exactOptionalPropertyTypes, resolved as %s',
  (_, moduleResolution, module) => {
    const compiled = ts.createProgram([join(folder, 'program.ts')], {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      esModuleInterop: true,
      allowImportingTsExtensions: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      module,
      moduleResolution,
      paths,
    });
    const problems = ts.getPreEmitDiagnostics(compiled).map(({ file, start, messageText }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, ' ');
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start!).line + 1;
      return `${file?.fileName.replace(root, '')}:${line}: ${text}`;
    });
    expect(problems).toEqual([]);
  },
  // The compiler takes its time on a busy machine.
  600_000,
);
