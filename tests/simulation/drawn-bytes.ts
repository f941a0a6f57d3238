import { Random } from '../support/random.ts';

/*
 * Stands in for `randomBytes`: other bytes each time, as keys must be, and the
 * same ones in each run of a seed.
 */
let random = new Random(0);

export function drawBytesFrom(seed: number): void {
  random = new Random(seed);
}

export const randomBytes = (count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, () => random.between(0, 255)));
