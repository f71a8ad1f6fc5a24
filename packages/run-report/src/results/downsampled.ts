/** Every n-th of the points, from the first on, and the last: `most` of them or one more. Of as many, all: what was thinned stays as it is. */
export function downsampled<T>(points: readonly T[], most: number): T[] {
  if (points.length <= most + 1) return [...points];
  const stride = Math.ceil(points.length / most);
  return points.filter((_, index) => index % stride === 0 || index === points.length - 1);
}
