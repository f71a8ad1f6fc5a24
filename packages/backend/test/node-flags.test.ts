import { execFileSync } from 'node:child_process';
import { recommendedNodeFlags } from '@steepest/backend';
import { expect, it } from 'vitest';

it('are those that Node 20 needs for relaxed SIMD, and none elsewhere', () => {
  expect(recommendedNodeFlags('20.19.0')).toEqual(['--experimental-wasm-relaxed-simd']);
  expect(recommendedNodeFlags('22.12.0')).toEqual([]);
  expect(recommendedNodeFlags('24.0.1')).toEqual([]);
});

it('give this Node relaxed SIMD', () => {
  // A function of two vectors and a third: f32x4.relaxed_madd.
  const module =
    '0,97,115,109,1,0,0,0,1,8,1,96,3,123,123,123,1,123,3,2,1,0,10,13,1,11,0,32,0,32,1,32,2,253,133,2,11';
  const program = `console.log(WebAssembly.validate(Uint8Array.of(${module})))`;
  const printed = execFileSync(process.execPath, [...recommendedNodeFlags(), '--eval', program]);
  expect(printed.toString().trim()).toBe('true');
});
