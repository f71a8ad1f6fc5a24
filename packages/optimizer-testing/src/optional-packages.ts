import { createRequire } from 'node:module';
import { join } from 'node:path';

function isInstalled(name: string): boolean {
  try {
    createRequire(join(process.cwd(), 'package.json')).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** Which of the packages that some checks need can be imported from where the tests run. */
export function installedPackages(): { readonly wasm: boolean; readonly layers: boolean } {
  return {
    wasm: isInstalled('@tensorflow/tfjs-backend-wasm'),
    layers: isInstalled('@tensorflow/tfjs'),
  };
}
