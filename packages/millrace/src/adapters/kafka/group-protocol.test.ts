import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  assignedPartitions,
  assignment,
  dealPartitions,
  type GroupMember,
  subscribedTopics,
  subscription,
} from './group-protocol.ts';

const topics = ['clean', 'deltas', 'letters'];
const members = fc.uniqueArray(
  fc.record({ memberId: fc.string({ minLength: 1 }), topics: fc.subarray(topics) }),
  { selector: ({ memberId }: GroupMember) => memberId, maxLength: 6 },
);
const counts = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9));
const partitionsOf = (numbers: readonly number[]) =>
  new Map(topics.map((topic, n) => [topic, numbers[n] ?? 0]));

test('each partition that anybody can take is dealt to one member, who can', () => {
  fc.assert(
    fc.property(members, counts, (all, numbers) => {
      const dealt = dealPartitions(all, partitionsOf(numbers));
      for (const { memberId, topics: own } of all)
        for (const { topic } of dealt.get(memberId) ?? []) expect(own).toContain(topic);
      const places = [...dealt.values()].flat().map((place) => `${place.topic}/${place.partition}`);
      const wanted = topics.flatMap((topic, n) =>
        all.some((member) => member.topics.includes(topic))
          ? Array.from({ length: numbers[n] ?? 0 }, (_, partition) => `${topic}/${partition}`)
          : [],
      );
      expect(places.toSorted()).toEqual(wanted.toSorted());
    }),
  );
});

test('members that can take the same have about as much, whoever deals', () => {
  fc.assert(
    fc.property(members, counts, (some, numbers) => {
      const all = some.map(({ memberId }) => ({ memberId, topics }));
      const dealt = dealPartitions(all, partitionsOf(numbers));
      const sizes = [...dealt.values()].map(({ length }) => length);
      if (all.length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const other = dealPartitions(all.toReversed(), partitionsOf(numbers));
      for (const [memberId, share] of dealt) expect(other.get(memberId)).toEqual(share);
    }),
  );
});

test('what is told to a member is what it reads', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), counts, (names, numbers) => {
      expect(subscribedTopics(subscription(names))).toEqual(names);
      const [share = []] = dealPartitions(
        [{ memberId: 'a', topics }],
        partitionsOf(numbers),
      ).values();
      expect(assignedPartitions(assignment(share))).toEqual(share);
    }),
  );
  expect(assignedPartitions(Buffer.alloc(0))).toEqual([]);
});
