import type { LogPrediction } from '../fitting/log-huber.ts';

/**
 * A number that carries its derivatives by the constants of a law, so that a formula written once gives both (forward-mode
 * automatic differentiation, Wengert 1964).
 */
export class Dual {
  /**
   * @param value the number itself
   * @param slopes its derivative by each constant
   */
  constructor(
    readonly value: number,
    readonly slopes: Float64Array,
  ) {}

  plus(other: Dual | number): Dual {
    return typeof other === 'number'
      ? new Dual(this.value + other, this.slopes)
      : this.#combined(this.value + other.value, 1, other, 1);
  }

  minus(other: Dual | number): Dual {
    return typeof other === 'number'
      ? new Dual(this.value - other, this.slopes)
      : this.#combined(this.value - other.value, 1, other, -1);
  }

  times(other: Dual | number): Dual {
    return typeof other === 'number'
      ? this.#scaled(this.value * other, other)
      : this.#combined(this.value * other.value, other.value, other, this.value);
  }

  over(other: Dual | number): Dual {
    if (typeof other === 'number') return this.#scaled(this.value / other, 1 / other);
    const value = this.value / other.value;
    return this.#combined(value, 1 / other.value, other, -value / other.value);
  }

  exp(): Dual {
    const value = Math.exp(this.value);
    return this.#scaled(value, value);
  }

  log(): Dual {
    return this.#scaled(Math.log(this.value), 1 / this.value);
  }

  /** This to a power, of a positive number. */
  pow(exponent: Dual | number): Dual {
    return this.log().times(exponent).exp();
  }

  #scaled(value: number, by: number): Dual {
    return new Dual(
      value,
      this.slopes.map((slope) => by * slope),
    );
  }

  #combined(value: number, own: number, other: Dual, theirs: number): Dual {
    return new Dual(
      value,
      this.slopes.map((slope, index) => own * slope + theirs * other.slopes[index]!),
    );
  }
}

/** A plain number to the power of one with derivatives, such as `N ** alpha`. */
export function power(base: number, exponent: Dual): Dual {
  return exponent.times(Math.log(base)).exp();
}

/** The log of a formula over the coordinates of a search, with its derivative by each of them. */
export function differentiated<Row, Coordinates extends readonly Dual[]>(
  formula: (row: Row, coordinates: Coordinates) => Dual,
): LogPrediction<Row> {
  return (row, point, gradient) => {
    const coordinates = Array.from(point, (value, index) => {
      const slopes = new Float64Array(point.length);
      slopes[index] = 1;
      return new Dual(value, slopes);
    });
    const { value, slopes } = formula(row, coordinates as readonly Dual[] as Coordinates).log();
    gradient.set(slopes);
    return value;
  };
}
