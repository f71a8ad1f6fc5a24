import { findInstallation, loadTensorflow } from '@steepest/tensorflow';
import { describe } from 'vitest';
import { agreesWithPyTorch } from './decoder-agreement.ts';

const isInstalled = findInstallation('cpu') !== undefined;
if (isInstalled) loadTensorflow({ device: 'cpu', threads: 1 });

describe.skipIf(!isInstalled)('where `steepest tensorflow install` was run', () => {
  agreesWithPyTorch('tensorflow', 'TensorFlow');
});
