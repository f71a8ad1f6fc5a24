/** `true` reverses the axes; a list says which axis of the input each axis of the output is, as in `tf.transpose`. */
export type AxisOrder = true | readonly number[];

/** @throws Error if the order is not one of `rank` axes. */
function orderOf(order: AxisOrder, rank: number): readonly number[] {
  if (order === true) return Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (order.length !== rank || !order.every((_, axis) => order.includes(axis))) {
    throw new Error(`transpose [${order}] is not an order of the ${rank} axes`);
  }
  return order;
}

/** The order that undoes another. @throws Error if that is not an order of `rank` axes. */
export function inverseOrder(order: AxisOrder, rank: number): readonly number[] {
  const axes = orderOf(order, rank);
  return axes.map((_, axis) => axes.indexOf(axis));
}

/** A tensor with its axes in another order, row-major like the input. @throws Error if that is not an order of its axes. */
export function withAxisOrder<Slot extends { shape: readonly number[]; data: Float32Array }>(
  { shape, data }: Slot,
  order: AxisOrder,
): { shape: number[]; data: Float32Array } {
  const axes = orderOf(order, shape.length);
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((product, length) => product * length, 1),
  );
  const lengths = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const result = new Float32Array(data.length);
  const position = lengths.map(() => 0);
  let source = 0;
  for (let target = 0; target < data.length; target++) {
    result[target] = data[source]!;
    // Counts up like an odometer, the last axis fastest.
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      position[axis]!++;
      source += steps[axis]!;
      if (position[axis]! < lengths[axis]!) break;
      source -= steps[axis]! * lengths[axis]!;
      position[axis] = 0;
    }
  }
  return { shape: lengths, data: result };
}
