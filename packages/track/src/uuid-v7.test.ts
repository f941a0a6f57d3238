import { expect, test } from 'vitest';
import { uuidV7 } from './uuid-v7.ts';

test('ids are UUIDs of version 7 that sort as they were made, whatever the clock does', () => {
  const noon = Date.UTC(2026, 4, 1, 12);
  const times = [
    noon,
    ...Array.from({ length: 10_000 }, () => noon + 1),
    noon - 3_600_000,
    noon + 2,
  ];
  const ids = times.map(uuidV7);
  const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(ids.filter((id) => !form.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(Number.parseInt(ids[0]?.replace('-', '').slice(0, 12) ?? '', 16)).toBe(noon);
});
