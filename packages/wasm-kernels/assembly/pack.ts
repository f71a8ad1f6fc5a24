/**
 * Copies four lanes of a strided matrix into a panel: element (lane, depth) of the source lands at
 * `target + depth * targetStep + lane * 4`. Lanes at or past `lanes` are filled with zero. Steps are in bytes.
 */
export function packFourLanes(
  target: usize, targetStep: usize, source: usize, laneStep: usize, depthStep: usize, depth: i32, lanes: i32,
): void {
  if (lanes == 4 && laneStep == 4) {
    for (let p = 0; p < depth; p++) {
      v128.store(target, v128.load(source));
      source += depthStep;
      target += targetStep;
    }
    return;
  }
  if (lanes == 4) {
    let p = 0;
    if (depthStep == 4) {
      const source1 = source + laneStep;
      const source2 = source1 + laneStep;
      const source3 = source2 + laneStep;
      let offset: usize = 0;
      for (; p <= depth - 4; p += 4) {
        const r0 = v128.load(source + offset);
        const r1 = v128.load(source1 + offset);
        const r2 = v128.load(source2 + offset);
        const r3 = v128.load(source3 + offset);
        const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
        const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
        const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
        const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
        v128.store(target, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
        target += targetStep;
        v128.store(target, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
        target += targetStep;
        v128.store(target, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
        target += targetStep;
        v128.store(target, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
        target += targetStep;
        offset += 16;
      }
      source += offset;
    }
    for (; p < depth; p++) {
      store<f32>(target, load<f32>(source));
      store<f32>(target, load<f32>(source + laneStep), 4);
      store<f32>(target, load<f32>(source + 2 * laneStep), 8);
      store<f32>(target, load<f32>(source + 3 * laneStep), 12);
      source += depthStep;
      target += targetStep;
    }
    return;
  }
  for (let p = 0; p < depth; p++) {
    for (let lane = 0; lane < 4; lane++) {
      const value = lane < lanes ? load<f32>(source + <usize>lane * laneStep) : <f32>0;
      store<f32>(target + (<usize>lane << 2), value);
    }
    source += depthStep;
    target += targetStep;
  }
}
