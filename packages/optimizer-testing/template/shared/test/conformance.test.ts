import { conformanceChecks } from '@steepest/optimizer-testing';
import '@tensorflow/tfjs';
import { it } from 'vitest';
import { __ClassName__ } from '../src/index.ts';
import { __camelName__Reference } from './__name__-reference.ts';

const checks = conformanceChecks({ optimizer: __ClassName__, reference: __camelName__Reference });

for (const check of checks) it(check.name, check.run);
