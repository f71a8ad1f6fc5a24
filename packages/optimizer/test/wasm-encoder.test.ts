import { describe, expect, it } from 'vitest';
import {
  code,
  encodeModule,
  increment,
  Locals,
  signed,
  unsigned,
  whileLoop,
} from '../src/compiler/wasm-encoder.ts';

describe('LEB128', () => {
  // 624485 and -123456 are the examples of the DWARF standard and of its article in Wikipedia.
  it.each<[number, number[]]>([
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [16_383, [0xff, 0x7f]],
    [16_384, [0x80, 0x80, 0x01]],
    [624_485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('writes %d without a sign', (value, bytes) => {
    expect(unsigned(value)).toEqual(bytes);
  });

  it.each<[number, number[]]>([
    [0, [0]],
    [2, [2]],
    [-2, [0x7e]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [127, [0xff, 0x00]],
    [-128, [0x80, 0x7f]],
    [-123_456, [0xc0, 0xbb, 0x78]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
    // The same bits as -1: an address above 2 GiB.
    [2 ** 32 - 1, [0x7f]],
  ])('writes %d with a sign', (value, bytes) => {
    expect(signed(value)).toEqual(bytes);
  });
});

/** Runs a function of an int32 and a float32 with some memory. */
function run(
  body: (locals: Locals) => number[],
  operands: readonly number[],
  isShared = false,
): Float64Array {
  const parameters = ['i32', 'f32'] as const;
  const locals = new Locals(parameters);
  const module = encodeModule([{ name: 'run', parameters, locals, body: body(locals) }], isShared);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: isShared });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } });
  (instance.exports.run as (...values: number[]) => void)(...operands);
  return new Float64Array(memory.buffer).slice(0, 4);
}

describe('a module', () => {
  it.each([false, true])('counts in a loop, in memory that is shared or not: %s', (isShared) => {
    const sum = (locals: Locals): number[] => {
      const [index, total] = [locals.make('i32'), locals.make('f64')];
      return [
        ...whileLoop(
          [...code.get(index), ...code.get(0), ...code.i32LessUnsigned],
          [
            ...[...code.get(total), ...code.get(1), ...code.f64Promote, ...code.f64Add, ...code.set(total)],
            ...increment(index, 2),
          ],
        ),
        ...[...code.i32Const(8), ...code.get(total), ...code.f64Store],
      ];
    };
    // Steps of 2 below 7 are four.
    expect([...run(sum, [7, 0.75], isShared)]).toEqual([0, 3, 0, 0]);
    expect([...run(sum, [0, 0.75], isShared)]).toEqual([0, 0, 0, 0]);
  });

  it('has a function for each name', () => {
    const functionOf = (name: string, value: number) => ({
      name,
      parameters: [],
      locals: new Locals([]),
      body: [...code.i32Const(0), ...code.f64Const(value), ...code.f64Store],
    });
    const module = new WebAssembly.Module(encodeModule([functionOf('a', 2), functionOf('größe', -3)], false));
    expect(WebAssembly.Module.exports(module)).toEqual([
      { name: 'a', kind: 'function' },
      { name: 'größe', kind: 'function' },
    ]);
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    for (const [name, value] of [
      ['a', 2],
      ['größe', -3],
    ] as const) {
      (exports[name] as () => void)();
      expect(new Float64Array(memory.buffer)[0]).toBe(value);
    }
  });
});
