/** The pages and the import map of the documentation for those who use no bundler, in the versions of this repository. */
import { measuredPrograms } from '../bundle-sizes/measured-programs.ts';
import { importsOf, publishedAddress } from './import-map.ts';

const fenced = (text: string): string => `\`\`\`html\n${text}\n\`\`\``;

/** A page that trains with AdamW on WebAssembly and finds packages by an import map. */
export async function pageWithImportMap(repository: string): Promise<string> {
  const imports = `import { prepareBackend } from '@steepest/backend';
import { AdamW } from '@steepest/optim-adam';
import * as tf from '@tensorflow/tfjs';`;
  const wasmPaths = publishedAddress('@tensorflow/tfjs-backend-wasm', 'dist/', repository);
  const program = `${imports}

await prepareBackend({
  backend: 'wasm',
  wasmPaths: '${wasmPaths}',
});
const layer = tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: 'zeros' });
const model = tf.sequential({ layers: [layer] });
model.compile({ loss: 'meanSquaredError', optimizer: new AdamW({ learningRate: 0.1 }) });

const inputs = tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]);
const targets = tf.tensor2d([[0], [1], [1], [2]]);
const { history } = await model.fit(inputs, targets, { epochs: 20, verbose: 0 });
document.querySelector('output').value = \`loss \${history.loss.at(0)} -> \${history.loss.at(-1)}\`;`;
  return fenced(`<!doctype html>
<meta charset="utf-8" />
<title>AdamW without a bundler</title>
<output></output>
${importMapElement(await importsOf(imports, repository))}
<script type="module">
${indented(program)}
</script>`);
}

/** A page that imports what a CDN makes of each package, by addresses alone. */
export function pageWithAddresses(repository: string): string {
  const address = (name: string) => publishedAddress(name, '+esm', repository);
  return fenced(`<!doctype html>
<meta charset="utf-8" />
<title>Lion without a bundler</title>
<output></output>
<script type="module">
  import { Lion } from '${address('@steepest/optim-lion')}';
  import * as tf from '${address('@tensorflow/tfjs')}';

  await tf.setBackend('cpu');
  const weight = tf.variable(tf.tensor1d([3, -2]));
  const optimizer = new Lion({ learningRate: 0.5 });
  for (let step = 1; step <= 4; step++) optimizer.minimize(() => tf.sum(tf.square(weight)));
  document.querySelector('output').value = weight.arraySync();
</script>`);
}

/** The import map of every package that runs in browsers. @param optimizers Names of all optimizer packages. */
export async function everyImport(optimizers: readonly string[], repository: string): Promise<string> {
  const measured = measuredPrograms.flatMap(({ code }) => code.match(/@steepest\/[\w-]+/g) ?? []);
  const program = ['@tensorflow/tfjs', ...measured, ...optimizers].map((name) => `import '${name}';`);
  return fenced(importMapElement(await importsOf(program.join('\n'), repository)));
}

function importMapElement(imports: Readonly<Record<string, string>>): string {
  return `<script type="importmap">\n${indented(JSON.stringify({ imports }, null, 2))}\n</script>`;
}

const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ');
