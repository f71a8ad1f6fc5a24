import { expect, it } from 'vitest';
import * as exported from '../src/index.ts';

it('exports what test suites call and nothing else', () => {
  expect(Object.keys(exported).sort()).toEqual([
    'checkKinds',
    'conformanceChecks',
    'goldenChecks',
    'readTrajectories',
    'recordedOptions',
    'weightsAfter',
  ]);
});
