/** Every n-th of the points, from the first on, and the last: `most` of them or one more. */
export function downsampled<T>(points: readonly T[], most: number): T[] {
  const stride = Math.ceil(points.length / most);
  return points.filter((_, index) => index % stride === 0 || index === points.length - 1);
}
