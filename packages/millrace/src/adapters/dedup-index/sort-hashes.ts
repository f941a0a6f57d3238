const HASH_BYTES = 16;
/** Numbers below 2^53 are exact: 32 bits are the first word, the others the place. */
const HASHES_MAX = 2 ** 21;

/** A copy of the hashes in ascending order of their first word. */
export function sortHashes(hashes: Uint8Array): DataView {
  const count = hashes.length / HASH_BYTES;
  if (count > HASHES_MAX) throw new RangeError(`${count} hashes are sorted at once`);
  const from = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  // The engine sorts numbers far faster than anything that is compared by a function.
  const keys = new Float64Array(count);
  for (let place = 0; place < count; place++)
    keys[place] = from.getUint32(place * HASH_BYTES, true) * HASHES_MAX + place;
  keys.sort();
  const sorted = new DataView(new ArrayBuffer(hashes.length));
  let to = 0;
  for (const key of keys) {
    const at = (key % HASHES_MAX) * HASH_BYTES;
    for (let byte = 0; byte < HASH_BYTES; byte += 4)
      sorted.setInt32(to + byte, from.getInt32(at + byte, true), true);
    to += HASH_BYTES;
  }
  return sorted;
}
