import { expect, test } from 'vitest';
import { letterNames } from './letter-names.ts';

const person = { userId: 'u1', anonymousId: '7' };
const names = (raw: string): boolean => letterNames({ protocol: 'native', raw }, person);

test('an id is found as a text, and as a number where a person is named', () => {
  expect(names('{"a":[{"b":"u1"}]}')).toBe(true);
  expect(names('{"user_id":7}')).toBe(true);
  expect(names('{"count":7,"c":"u10","u1":1}')).toBe(false);
});

test('a letter is read however deep it is nested', () => {
  const nested = (inner: string): string =>
    `${'[{"a":'.repeat(20_000)}${inner}${'}]'.repeat(20_000)}`;
  expect(names(nested('"u1"'))).toBe(true);
  expect(names(nested('"u2"'))).toBe(false);
});

test('an id is found as a word in what is no JSON', () => {
  expect(names('{"user_id":u1')).toBe(true);
  expect(names('{"user_id":u12')).toBe(false);
});
