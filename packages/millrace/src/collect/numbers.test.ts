import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayLoseDigits } from './numbers.ts';

test.each([
  ['[1234567890123456]', true],
  ['{"a":-1.234567890123456}', true],
  ['{"a": 0.00000000000000001}', true],
  ['{"a":123456789012345}', false],
  ['{"a":"1234567890123456"}', false],
  ['{"a":"x-1234567890123456"}', false],
  ['[1e300]', false],
])('%s: %s', (text, expected) => {
  expect(mayLoseDigits(text)).toBe(expected);
});

/** The rule as one would write it down. */
const longNumber = /[:,[\s]-?\d[\d.]{15}/;

test('finds what a search of the whole text finds', () => {
  const piece = fc.oneof(
    fc.stringMatching(/^[0-9.]{1,40}$/),
    fc.constantFrom('"', ':', ',', '[', ' ', '-', 'e', 'abcdef', '{"id":'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      // A JSON number has no point in front.
      fc.pre(!/[:,[\s]-?\./.test(text));
      expect(mayLoseDigits(text)).toBe(longNumber.test(text));
    }),
    { numRuns: 2_000 },
  );
});
