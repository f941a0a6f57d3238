import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashShard, homesWithin, shardBytes } from './hash-shard.ts';

const sharedBits = 3;

/** Hashes with few distinct first words, so that many share a home or a whole first word. */
const hashes = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3 }), fc.boolean())
  .map(([first, rest, isSpread]) => {
    const hash = new DataView(new ArrayBuffer(16));
    const below = 2 ** (32 - sharedBits);
    hash.setUint32(0, 5 * below + (isSpread ? Math.floor((first / 41) * below) : first), true);
    hash.setInt32(12, rest, true);
    return hash;
  });

const nameOf = (hash: DataView, offset = 0): string =>
  Buffer.from(hash.buffer, hash.byteOffset + offset, 16).toString('hex');

const kept = new Uint8Array(256).fill(1, 1);

test('agrees with a map, whatever is inserted, removed, resized and dropped', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 90 }),
      fc.array(
        fc.oneof(
          { weight: 8, arbitrary: fc.record({ put: hashes, tag: fc.integer({ min: 1, max: 4 }) }) },
          { weight: 3, arbitrary: fc.record({ remove: hashes }) },
          { weight: 1, arbitrary: fc.record({ homes: fc.integer({ min: 1, max: 120 }) }) },
          { weight: 1, arbitrary: fc.record({ drop: fc.integer({ min: 1, max: 4 }) }) },
        ),
        { maxLength: 150 },
      ),
      (homes, actions) => {
        let shard = new HashShard(sharedBits, homes);
        const model = new Map<string, number>();
        for (const action of actions) {
          if ('put' in action) {
            const slot = shard.find(action.put, 0);
            const name = nameOf(action.put);
            expect(slot >= 0).toBe(model.has(name));
            if (slot >= 0) shard.setTag(slot, action.tag);
            else if (!shard.insert(~slot, action.put, 0, action.tag)) continue;
            model.set(name, action.tag);
          } else if ('remove' in action) {
            const slot = shard.find(action.remove, 0);
            expect(slot >= 0).toBe(model.delete(nameOf(action.remove)));
            if (slot >= 0) shard.remove(slot);
          } else if ('homes' in action) {
            shard = shard.resized(action.homes, kept) ?? shard;
          } else {
            shard.compact(kept.map((flag, tag) => (tag === action.drop ? 0 : flag)));
            for (const [name, tag] of model) if (tag === action.drop) model.delete(name);
          }
          const found = new Map<string, number>();
          let last = 0;
          shard.visit(kept, (view, offset) => {
            expect(view.getUint32(offset, true)).toBeGreaterThanOrEqual(last);
            last = view.getUint32(offset, true);
            const slot = shard.find(view, offset);
            expect(slot).toBeGreaterThanOrEqual(0);
            found.set(nameOf(view, offset), shard.tagAt(slot));
          });
          expect(found).toEqual(model);
          expect(shard.size).toBe(model.size);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('as many homes as fit', () => {
  for (const bytes of [300, 1_000, 12_345, 600_000]) {
    expect(shardBytes(homesWithin(bytes))).toBeLessThanOrEqual(bytes);
    expect(shardBytes(homesWithin(bytes) + 1)).toBeGreaterThan(bytes);
    expect(new HashShard(1, homesWithin(bytes)).byteLength).toBe(shardBytes(homesWithin(bytes)));
  }
});
