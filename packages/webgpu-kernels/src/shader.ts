/** Element types of a storage array. */
type ArrayType = 'f32' | 'i32' | 'vec4f';

/** A compute shader of one entry point, with its inputs and outputs by name. */
export interface Shader {
  /** Invocations of a workgroup, at most 256. */
  readonly threads: number;
  /** Arrays that it writes, and may read; at least one. With `reads` at most eight. */
  readonly writes: Readonly<Record<string, ArrayType>>;
  /** Arrays that it only reads. */
  readonly reads: Readonly<Record<string, ArrayType>>;
  /** Numbers that change from call to call. */
  readonly uniforms: Readonly<Record<string, 'f32' | 'u32'>>;
  /** Functions and variables of the module. */
  readonly declarations?: string;
  /** The statements of the entry point, which know `group` (the index of the workgroup) and `thread` (in the workgroup). */
  readonly body: string;
}

/**
 * The WGSL of a shader. Arrays are bound in the order writes, reads, uniforms, as the backend binds them. A grid of workgroups
 * may be larger than asked for, in two dimensions: what is too much ends at once.
 */
export function sourceOf({ threads, writes, reads, uniforms, declarations = '', body }: Shader): string {
  const arrays = [
    ...Object.entries(writes).map(([name, type]) => `var<storage, read_write> ${name}: array<${type}>;`),
    ...Object.entries(reads).map(([name, type]) => `var<storage, read> ${name}: array<${type}>;`),
  ];
  const fields = Object.entries(uniforms).map(([name, type]) => `${name}: ${type},`);
  return `
struct Uniforms { strides: u32, groups: u32, ${fields.join(' ')} }
${arrays.map((array, binding) => `@group(0) @binding(${binding}) ${array}`).join('\n')}
@group(0) @binding(${arrays.length}) var<uniform> uniforms: Uniforms;
${declarations}
@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let group = id.y * grid.x + id.x;
  if (group >= uniforms.groups) { return; }
${body}
}`;
}

/**
 * Declares `name(value, thread)`, which joins one value of each thread by `combine(a, b)` in the same order every time, and gives the
 * result to all. Every thread of the workgroup must call it.
 */
export function workgroupReduction(
  name: string,
  threads: number,
  type: 'f32' | 'vec2f',
  combine: (a: string, b: string) => string,
): string {
  const shared = `${name}Values`;
  return `
var<workgroup> ${shared}: array<${type}, ${threads}>;
fn ${name}(value: ${type}, thread: u32) -> ${type} {
  ${shared}[thread] = value;
  workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half = half / 2u) {
    if (thread < half) {
      ${shared}[thread] = ${combine(`${shared}[thread]`, `${shared}[thread + half]`)};
    }
    workgroupBarrier();
  }
  let result = ${shared}[0];
  workgroupBarrier();
  return result;
}`;
}

/** A text for each of the numbers from 0 to `count - 1`. */
export function unrolled(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join('\n');
}
