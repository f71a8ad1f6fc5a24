import { expect, it } from 'vitest';
import * as models from '../src/index.ts';

it('exports what users call and nothing else', () => {
  expect(Object.keys(models).sort()).toEqual([
    'LanguageModel',
    'countParameters',
    'createLanguageModel',
    'flopsPerToken',
    'loadLanguageModel',
    'loadLanguageModelFrom',
    'modelConfig',
    'modelSizes',
    'parameterDescriptions',
  ]);
});
