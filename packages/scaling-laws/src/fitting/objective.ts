/**
 * A function to minimize: returns its value at `point` and fills `gradient`. Both arrays belong to the caller; `point` must
 * not be written. A value that is not finite marks a point outside the function's domain.
 */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;
