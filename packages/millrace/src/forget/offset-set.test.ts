import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OffsetSet } from './offset-set.ts';

const upTo = 15;
const offset = fc.nat(upTo);

it('has what a set of numbers has', () => {
  const property = fc.property(
    fc.array(fc.uniqueArray(offset)),
    fc.tuple(offset, offset),
    (added, ends) => {
      const [from, to] = [Math.min(...ends), Math.max(...ends)];
      const some = added.reduce((set, offsets) => set.with(offsets), new OffsetSet([]));
      const all = [...new Set(added.flat())].toSorted((a, b) => a - b);
      const inside = all.filter((one) => from <= one && one < to);
      expect(some.within(from, to)).toEqual(inside);
      expect(some.count(from, to)).toBe(inside.length);
      expect(some.firstWithin(from)).toBe(
        all.find((one) => one >= from) ?? Number.POSITIVE_INFINITY,
      );
      const numbers = Array.from({ length: upTo + 2 }, (_, n) => n);
      expect(some.firstWithout(from)).toBe(numbers.find((n) => n >= from && !all.includes(n)));
    },
  );
  fc.assert(property);
});
