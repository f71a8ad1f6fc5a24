/**
 * Flags to start Node with, so that the wasm backend can use everything its engine has.
 *
 * Node 20 has relaxed SIMD, whose fused multiply-add makes matrix products about 1.5 times as fast, behind the flag
 * `--experimental-wasm-relaxed-simd`; from Node 22 on it is there without one. Relaxed and plain products differ in
 * their last bits, so a run should be continued with the flags it began with.
 *
 * @param version Version of the Node to be started, for instance `20.20.0`; this one's by default.
 * @returns none in a browser
 */
export function recommendedNodeFlags(version?: string): string[] {
  const started = version ?? globalThis.process?.versions?.node ?? '';
  return Number.parseInt(started, 10) === 20 ? ['--experimental-wasm-relaxed-simd'] : [];
}
