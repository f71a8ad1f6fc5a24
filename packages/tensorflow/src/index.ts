export {
  findInstallation,
  type Installation,
  type InstalledFile,
  type TensorflowDevice,
} from './installation.ts';
export { type LoadedTensorflow, type LoadTensorflowOptions, loadTensorflow } from './load/load-tensorflow.ts';
