import type { Law } from '../../law/law.ts';
import { readLawOptions } from '../../law/law-options.ts';
import { readColumns } from '../../table/columns.ts';
import { ofEvidence } from '../../table/evidence.ts';
import { adaptiveShapesRecord, checkSaved } from '../saved-fit.ts';
import { AdaptiveShapesFit, type AdaptiveShapesRecord } from './adaptive-shapes-fit.ts';
import type { ShapeRow } from './coordinates.ts';
import { type AdaptiveShapesOptions, fitAdaptiveShapes } from './fit-adaptive-shapes.ts';
import { adaptiveShapesQueries, adaptiveShapesSuggestions } from './queries.ts';

/** Laws of several shapes and the best changes between them (Anagnostidis et al. 2023), for the command line. */
export const adaptiveShapesLaw: Law<AdaptiveShapesFit> = ofEvidence({
  name: 'adaptive-shapes',
  title: 'Changing the shape of a model while it trains',
  formula: 'f_shape(C) = a (C + d)^-b + c; at every loss E the shape of largest d f_shape^-1 / dE',
  source: 'Anagnostidis et al. 2023, arXiv 2311.03233',
  columns: [
    {
      name: 'shape',
      meaning: 'what changes while the model trains, such as the context length',
      quantity: 'positive',
      aliases: ['contextLength', 'context_length', 'context', 'patchSize', 'patch_size'],
      mustVary: true,
    },
    {
      name: 'flops',
      meaning: 'training compute up to this point of a curve',
      quantity: 'flops',
      aliases: ['C', 'compute', 'Training FLOP'],
      mustVary: true,
    },
    {
      name: 'loss',
      meaning: 'loss at this point, nats/token, evaluated alike for every shape',
      quantity: 'loss',
      aliases: ['validationLoss', 'val_loss', 'validation_loss'],
      mustVary: true,
    },
    {
      name: 'run',
      meaning: 'name of the run, where a shape has several',
      quantity: 'text',
      aliases: ['run_name'],
      required: false,
    },
  ],
  points: 'validation',
  options: [
    {
      name: 'floor',
      meaning: 'whether every shape has a floor c of its own, or all share one',
      default: 'own',
      choices: ['own', 'shared'],
    },
    { name: 'delta', meaning: 'residual of log loss beyond which a row counts linearly', default: 1e-3 },
    { name: 'typicalExponents', meaning: 'how much each b is held to 0.33; 0 leaves them free', default: 1 },
  ],
  queries: adaptiveShapesQueries,
  suggestions: adaptiveShapesSuggestions,
  fit(table, options = {}) {
    const { columns, ...common } = readLawOptions(this, options, 200);
    const { floor, delta, typicalExponents } = options as AdaptiveShapesOptions;
    return fitAdaptiveShapes(readColumns<ShapeRow>(table, this.columns, { columns }), {
      ...common,
      ...(floor === undefined ? {} : { floor }),
      ...(delta === undefined ? {} : { delta }),
      ...(typicalExponents === undefined ? {} : { typicalExponents }),
    });
  },
  restore(json) {
    checkSaved('adaptive-shapes', 1, json, adaptiveShapesRecord);
    return new AdaptiveShapesFit(json as AdaptiveShapesRecord);
  },
});
