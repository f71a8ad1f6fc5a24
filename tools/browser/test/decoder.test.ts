import { inject } from 'vitest';
import { agreesWithPyTorch } from '../../../packages/lm-models/test/decoder-agreement.ts';

agreesWithPyTorch(inject('backend'), `the ${inject('backend')} backend of a browser`);
