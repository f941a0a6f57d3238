import { beforeEach, describe, expect, test } from 'vitest';
import { createConsent, objects } from './consent.ts';
import { createIdentity } from './identity.ts';
import { keptInStorage, orInMemory } from './kept-values.ts';
import { StorageOfTests } from './storage.suite.ts';

const minute = 60_000;
const noon = Date.UTC(2026, 4, 1, 12);

let storage: StorageOfTests;
beforeEach(() => {
  storage = new StorageOfTests();
});
const values = () => orInMemory(keptInStorage(() => storage));

describe('who acts', () => {
  test('is one visitor over pages and tabs, until it is reset', () => {
    const [one, two] = [createIdentity(values()), createIdentity(values())];
    const visitor = one.act(noon);
    expect(visitor.user_id).toBeUndefined();
    expect(two.act(noon + 1)).toEqual(visitor);
    one.identify('ann');
    expect(two.act(noon + 2)).toEqual({ ...visitor, user_id: 'ann' });
    two.reset();
    const next = one.act(noon + 3);
    expect(next.user_id).toBeUndefined();
    expect(next.anonymous_id).not.toBe(visitor.anonymous_id);
    expect(next.session_id).not.toBe(visitor.session_id);
  });

  test('is in one session while no half hour passes without an event', () => {
    const identity = createIdentity(values());
    const first = identity.act(noon).session_id;
    expect(identity.act(noon + 29 * minute).session_id).toBe(first);
    expect(identity.act(noon + 58 * minute).session_id).toBe(first);
    const second = identity.act(noon + 88 * minute).session_id;
    expect(second).not.toBe(first);
    expect(createIdentity(values()).act(noon + 89 * minute).session_id).toBe(second);
  });

  test.each(['full', 'forbidden'] as const)(
    'is known while the page lives, with a storage that is %s',
    (refusing) => {
      storage.refusing = refusing;
      const identity = createIdentity(values());
      identity.identify('ann');
      const visitor = identity.act(noon);
      expect(visitor.user_id).toBe('ann');
      expect(identity.act(noon + 1)).toEqual(visitor);
    },
  );
});

describe('consent', () => {
  const asked = (required: boolean, objected = false) =>
    createConsent({ kept: values(), required, objected });

  test('is assumed, or needed first; what the visitor decides is remembered', () => {
    expect(asked(false).given).toBe(true);
    expect(asked(true).given).toBe(false);
    expect(storage.length).toBe(0);
    asked(true).decide(true);
    expect(asked(true).given).toBe(true);
    asked(false).decide(false);
    expect(asked(false).given).toBe(false);
    expect(asked(true).given).toBe(false);
  });

  test('is not there when the browser objects, whatever the page says', () => {
    const consent = asked(false, true);
    consent.decide(true);
    expect(consent.given).toBe(false);
    expect(storage.length).toBe(0);
    expect(objects({ globalPrivacyControl: true })).toBe(true);
    expect(objects({ doNotTrack: '1' })).toBe(true);
    expect(objects({ doNotTrack: '0', globalPrivacyControl: false })).toBe(false);
    expect(objects({ doNotTrack: null })).toBe(false);
  });
});
