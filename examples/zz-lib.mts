import * as tf from '@tensorflow/tfjs';
import { prepareBackend } from '../packages/backend/src/index.ts';
import { readdirSync } from 'node:fs';
export { tf };
export const backend = process.argv[2] ?? 'cpu';
await prepareBackend({ backend: backend as any, ...(backend==='wasm'?{threads:1}:{}) });
export const classes: Record<string, any> = {};
for (const d of readdirSync('packages')) if (d.startsWith('optim-')) {
  const m: any = await import(`../packages/${d}/src/index.ts`);
  for (const [k, v] of Object.entries(m)) if (typeof v === 'function' && (v as any).rule) classes[k] = v;
}
export const O: any = await import('../packages/optimizer/src/index.ts');
export const data = (vars: any[]) => vars.map((v) => Array.from(v.dataSync() as Float32Array));
export function same(a: any, b: any) { return JSON.stringify(a) === JSON.stringify(b); }
