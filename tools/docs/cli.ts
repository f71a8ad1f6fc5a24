// npm run docs: writes the parts of the documentation that the optimizers' records determine; --check only compares.
import { fileURLToPath } from 'node:url';
import { generatedDocuments, isOutdated, writeDocuments } from './generated-documents.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const args = process.argv.slice(2);
const unknown = args.find((arg) => arg !== '--check');

if (unknown !== undefined) {
  console.error(`unknown argument "${unknown}"; use: npm run docs, or npm run docs -- --check`);
  process.exitCode = 2;
} else if (args.length > 0) {
  const outdated = (await generatedDocuments(repository)).filter(isOutdated);
  for (const { file } of outdated) console.error(`${file} is not what the records say; run npm run docs`);
  process.exitCode = outdated.length > 0 ? 1 : 0;
} else {
  const written = await writeDocuments(repository);
  console.log(
    written.length === 0
      ? 'All documents are up to date.'
      : written.map((file) => `wrote ${file}`).join('\n'),
  );
}
