import { expect, it } from 'vitest';
import * as models from '../src/index.ts';

it('exports what users call and nothing else', () => {
  expect(Object.keys(models).sort()).toEqual([
    'LanguageModel',
    'Parameter',
    'ParameterScope',
    'attention',
    'countParameters',
    'createLanguageModel',
    'defineArchitecture',
    'embedding',
    'flopsPerToken',
    'linearLayer',
    'loadLanguageModel',
    'loadLanguageModelFrom',
    'mlp',
    'modelConfig',
    'modelSizes',
    'normalization',
    'parameterDescriptions',
  ]);
});
