import { expect, it } from 'vitest';
import { presentValues } from './present-values.ts';

it('leaves out what the event has not, also within objects', () => {
  const stored = {
    text: null,
    words: [],
    place: { city: null, inner: { n: null } },
    address: { city: 'Rome', zip: null },
  };
  expect(presentValues(stored)).toEqual({ address: { city: 'Rome' } });
});

it('keeps what is there, though it be empty, false or zero', () => {
  const stored = { empty: '', no: false, none: 0, amount: '0.00' };
  expect(presentValues(stored)).toEqual(stored);
});

it('gives names back as they were sent', () => {
  expect(presentValues({ 'a%2Eb': { 'c%2Ed': 1 } })).toEqual({ 'a.b': { 'c.d': 1 } });
});

it('keeps the elements of lists in their places', () => {
  expect(presentValues({ list: [null, { sku: 'a', count: null }, []] })).toEqual({
    list: [null, { sku: 'a' }, []],
  });
});
