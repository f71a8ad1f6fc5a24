import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { FailedPackage } from '@steepest/registry/node';
import { describeIssue, namesUnknownOptimizer } from './describe-issue.ts';
import { ExperimentError, type ExperimentProblem } from './experiment-error.ts';
import { ExperimentText } from './experiment-text.ts';
import { loadOptimizers } from './installed-optimizers.ts';
import type { Scale } from './limits.ts';
import { trialProblems } from './problems.ts';
import { atScale } from './scales.ts';
import { type Experiment, experimentSchema } from './schema.ts';
import { readYaml, type YamlContent, YamlProblem } from './yaml-content.ts';

/**
 * Reads and validates an experiment file; relative data paths in it are taken from its folder.
 * @param scale The scale to run it at instead of its own
 * @throws ExperimentError naming file, line, column and key of everything wrong
 */
export async function readExperiment(file: string, scale?: Scale): Promise<Experiment> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message =
      code === 'ENOENT' ? 'no such experiment file' : `cannot be read: ${(error as Error).message}`;
    throw new ExperimentError(file, [{ key: '', message }]);
  }
  const { failed } = await loadOptimizers();
  const experiment = parseExperiment(text, file, failed, scale);
  return { ...experiment, data: absoluteData(experiment.data, dirname(resolve(file))) };
}

/**
 * Validates the text of an experiment file, whose optimizers must be loaded.
 * @param failed Optimizer packages that could not be loaded, which explain why a name is not known
 * @throws ExperimentError naming file, line, column and key of everything wrong
 */
export function parseExperiment(
  text: string,
  file: string,
  failed: readonly Pick<FailedPackage, 'name' | 'reason'>[] = [],
  scale?: Scale,
): Experiment {
  const { document, lines, content: written } = yamlOf(text, file);
  const { content, problems: ofScale, inFile } = atScale(written, scale);
  const place = new ExperimentText(document, lines, inFile);
  const refuse = (problems: readonly ExperimentProblem[]): never => {
    throw new ExperimentError(
      file,
      [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)),
    );
  };
  if (ofScale.length > 0) {
    refuse(ofScale.map(({ path, message }) => place.problem(path, message)));
  }
  const schema = experimentSchema(content);
  const parsed = schema.safeParse(content);
  if (parsed.success) {
    const experiment = inFileOrder(parsed.data, content);
    const problems = trialProblems(experiment);
    if (problems.length === 0) return experiment;
    return refuse(problems.map(({ path, message }) => place.problem(path, message)));
  }
  const problems = parsed.error.issues.flatMap((issue) => describeIssue(issue, place, schema, content));
  if (parsed.error.issues.some(namesUnknownOptimizer)) {
    const unusable = failed.map(
      ({ name, reason }) => `${name} is installed but could not be loaded: ${reason}`,
    );
    problems.push(...unusable.map((message) => place.problem(['optimizers'], message)));
  }
  return refuse(problems);
}

function yamlOf(text: string, file: string): YamlContent {
  try {
    return readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const { line, column, message } = error;
    const place = line === undefined || column === undefined ? {} : { line, column };
    throw new ExperimentError(file, [{ ...place, key: '', message }]);
  }
}

/** The experiment with its optimizers in the order of the file, in which they run and are shown. */
function inFileOrder(experiment: Experiment, content: unknown): Experiment {
  const names = Object.keys((content as Experiment).optimizers);
  const optimizers = Object.fromEntries(names.map((name) => [name, experiment.optimizers[name]!]));
  return { ...experiment, optimizers };
}

function absoluteData(data: Experiment['data'], folder: string): Experiment['data'] {
  const absolute = (paths: string | string[]) =>
    Array.isArray(paths) ? paths.map((path) => resolve(folder, path)) : resolve(folder, paths);
  if (!('tokenizer' in data)) return { source: { prepared: resolve(folder, data.source.prepared) } };
  const tokenizer = data.tokenizer === 'embedded' ? data.tokenizer : resolve(folder, data.tokenizer);
  if (data.source === 'embedded') return { ...data, tokenizer };
  const { train, validation, ...reading } = data.source;
  return {
    ...data,
    tokenizer,
    source: {
      train: absolute(train),
      ...(validation === undefined ? {} : { validation: absolute(validation) }),
      ...reading,
    },
  };
}
