import { blockSize } from '../state-formats/block-codes.ts';
import { mapOf, type PackedFormat } from '../state-formats/packed-slot.ts';
import { elementStep, mixers } from '../state-formats/rounding-noise.ts';

/** The name under which the tables of the maps are bound. */
export const mapsName = 'maps';

const codes = 256;

/** The tables of both maps: values and boundaries of the signed one, then those of the other. */
export function mapTables(): Float32Array {
  const tables = new Float32Array(4 * codes);
  for (const format of ['8bit-signed', '8bit-unsigned'] as const) {
    const { values, boundaries } = mapOf(format);
    tables.set(values, tableOf(format));
    tables.set(boundaries, tableOf(format) + codes);
  }
  return tables;
}

/** Where the table of values of a map begins. */
function tableOf(format: Exclude<PackedFormat, 'bfloat16'>): number {
  return format === '8bit-signed' ? 0 : 2 * codes;
}

/** What code that packs slots calls; the formats are those of `packed-words.ts`, the noise that of `rounding-noise.ts`. */
export const packingPrelude = `
var<workgroup> words: array<u32, ${blockSize}>;
fn code_of(x: f32, boundaries: u32) -> u32 {
  var code = 0u;
  for (var step = ${codes / 2}u; step > 0u; step /= 2u) {
    code += select(0u, step, x > maps[boundaries + code + step - 1u]);
  }
  return code;
}
fn mixed(x: u32) -> u32 {
  let once = (x ^ (x >> 16u)) * ${hex(mixers[0])};
  let twice = (once ^ (once >> 15u)) * ${hex(mixers[1])};
  return twice ^ (twice >> 16u);
}
fn noise_of(key: u32, element: u32) -> u32 {
  let bits = mixed((4u * (element / 8u) + element % 4u) * ${hex(elementStep)} + key);
  return select(bits & 0xffffu, bits >> 16u, element % 8u < 4u);
}
fn bfloat16_of(x: f32, noise: u32) -> u32 {
  return select((bitcast<u32>(x) + noise) >> 16u, 0x7fc0u, is_nan(x));
}
`;

function hex(x: number): string {
  return `0x${(x >>> 0).toString(16)}u`;
}

/** The number of an element of a packed slot. */
export function unpackInWgsl(
  format: PackedFormat,
  { slot, at, scales }: { readonly slot: string; readonly at: string; readonly scales: string },
): string {
  if (format === 'bfloat16') {
    return `bitcast<f32>((${slot}[(${at}) / 2u] >> (16u * ((${at}) % 2u))) << 16u)`;
  }
  const code = `((${slot}[(${at}) / 4u] >> (8u * ((${at}) % 4u))) & 0xffu)`;
  return `maps[${tableOf(format)}u + ${code}] * bitcast<f32>(${slot}[${scales} + (${at}) / ${blockSize}u])`;
}

/** What is packed: the number of the invocation, of element `i` of the slot. */
interface Packing {
  readonly value: string;
  readonly slot: string;
  /** Elements of the slot. */
  readonly size: string;
  readonly scales: string;
  readonly key: string;
  /** Whether bfloat16 is rounded to the nearest number instead. */
  readonly isNearest: string;
}

/** Packs the numbers of a workgroup, one of each invocation and 0 behind the last, and writes them. All invocations run it. */
export function packInWgsl(format: PackedFormat, packing: Packing): string[] {
  return format === 'bfloat16' ? packHalves(packing) : packCodes(format, packing);
}

function packHalves({ value, slot, size, key, isNearest }: Packing): string[] {
  return [
    `words[at.local] = bfloat16_of(${value}, select(noise_of(${key}, i), 0x8000u, ${isNearest} != 0u));`,
    'workgroupBarrier();',
    // Slots are padded to eight elements.
    `if (at.local % 2u == 0u && i < (${size} + 7u) / 8u * 8u) {`,
    `${slot}[i / 2u] = words[at.local] | (words[at.local + 1u] << 16u);`,
    '}',
    'workgroupBarrier();',
  ];
}

function packCodes(
  format: Exclude<PackedFormat, 'bfloat16'>,
  { value, slot, size, scales }: Packing,
): string[] {
  const { zero } = mapOf(format);
  const absmax = `absmax_${value}`;
  return [
    // Magnitudes are in the order of their bits, NaN behind infinity.
    `words[at.local] = bitcast<u32>(${value}) & 0x7fffffffu;`,
    'workgroupBarrier();',
    `for (var span = ${blockSize / 2}u; span > 0u; span /= 2u) {`,
    'if (at.local < span) { words[at.local] = max(words[at.local], words[at.local + span]); }',
    'workgroupBarrier();',
    '}',
    `let ${absmax} = words[0];`,
    'workgroupBarrier();',
    // 0 divided by 0, and what is divided by an infinity or NaN, has the code of 0.
    `let has_codes_${value} = ${absmax} != 0u && ${absmax} < 0x7f800000u;`,
    `words[at.local] = ${zero}u;`,
    `if (has_codes_${value}) { words[at.local] = code_of(${value} / bitcast<f32>(${absmax}), ${tableOf(format) + codes}u); }`,
    'workgroupBarrier();',
    `if (at.local % 4u == 0u && i < ${size}) {`,
    `${slot}[i / 4u] = words[at.local] | (words[at.local + 1u] << 8u) | (words[at.local + 2u] << 16u) | (words[at.local + 3u] << 24u);`,
    '}',
    `if (at.local == 0u && i < ${size}) { ${slot}[${scales} + i / ${blockSize}u] = ${absmax}; }`,
    'workgroupBarrier();',
  ];
}
