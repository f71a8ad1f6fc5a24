import { generatedDocuments, isOutdated, writeDocuments } from './generated-documents.ts';

/**
 * Writes the parts of the documentation that the optimizers' records determine and returns the exit code: 0, 1 where
 * `--check` finds a file that is not up to date, 2 for wrong usage.
 */
export async function main(args: readonly string[], repository: string): Promise<number> {
  const unknown = args.find((argument) => argument !== '--check');
  if (unknown !== undefined) {
    console.error(`unknown argument "${unknown}"; use: npm run docs, or npm run docs -- --check`);
    return 2;
  }
  if (args.length === 0) {
    const written = await writeDocuments(repository);
    for (const file of written) console.log(`wrote ${file}`);
    if (written.length === 0) console.log('everything is up to date');
    return 0;
  }
  const outdated = (await generatedDocuments(repository)).filter(isOutdated);
  for (const { file } of outdated) console.error(`${file} is not what the records say; run npm run docs`);
  return outdated.length > 0 ? 1 : 0;
}
