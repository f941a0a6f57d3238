import { randomFillSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { mergeHashes } from './merge-hashes.ts';
import { sortHashes } from './sort-hashes.ts';

/** Hashes of which many share their first word. */
function randomHashes(count: number): Buffer {
  const hashes = randomFillSync(Buffer.alloc(count * 16));
  for (let at = 0; at < hashes.length; at += 64) hashes.writeUInt32LE(0xffffffff, at);
  return hashes;
}

async function* partsOf(hashes: DataView, partBytes: number): AsyncGenerator<DataView> {
  // Empty parts are none.
  yield new DataView(new ArrayBuffer(0));
  for (let at = 0; at < hashes.byteLength; at += partBytes) {
    const length = Math.min(partBytes, hashes.byteLength - at);
    yield new DataView(hashes.buffer, hashes.byteOffset + at, length);
  }
}

const hexes = (bytes: Buffer): string[] =>
  Array.from({ length: bytes.length / 16 }, (_, at) =>
    bytes.subarray(at * 16, at * 16 + 16).toString('hex'),
  );

test.each([0, 1, 2, 1_000])(
  '%d hashes are sorted by their first word, and none is lost',
  (count) => {
    // A view of a larger file need not be aligned.
    const hashes = Buffer.concat([Buffer.from('head'), randomHashes(count)]).subarray(4);
    const sorted = sortHashes(hashes);
    const words = Array.from({ length: count }, (_, at) => sorted.getUint32(at * 16, true));
    expect(words).toEqual(words.toSorted((one, two) => one - two));
    expect(hexes(Buffer.from(sorted.buffer)).sort()).toEqual(hexes(hashes).sort());
  },
);

test('sorted hashes are merged into one order, in parts of a size', async () => {
  const inputs = [0, 1, 300, 500, 17].map(randomHashes);
  const merging = mergeHashes(
    inputs.map((hashes, index) => partsOf(sortHashes(hashes), 16 * (index + 1))),
    160,
  );
  const parts: Buffer[] = [];
  for await (const part of merging)
    parts.push(Buffer.from(Buffer.from(part.buffer, part.byteOffset, part.byteLength)));
  expect(parts.slice(0, -1).every(({ length }) => length === 160)).toBe(true);
  const merged = Buffer.concat(parts);
  const words = Array.from({ length: merged.length / 16 }, (_, at) => merged.readUInt32LE(at * 16));
  expect(words).toEqual(words.toSorted((one, two) => one - two));
  expect(hexes(merged).sort()).toEqual(inputs.flatMap(hexes).sort());
});

test('whoever stops a merge closes what is merged', async () => {
  let closed = 0;
  async function* endless(): AsyncGenerator<DataView> {
    try {
      for (;;) yield sortHashes(randomHashes(10));
    } finally {
      closed++;
    }
  }
  for await (const part of mergeHashes([endless(), endless()], 160)) {
    expect(part.byteLength).toBe(160);
    break;
  }
  expect(closed).toBe(2);
});
