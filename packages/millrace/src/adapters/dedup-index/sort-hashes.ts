const HASH_BYTES = 16;
/** Some hashes at most share a bucket, of as many as are sorted at once. */
const BUCKET_BITS = 16;

/**
 * A copy of the hashes in ascending order of their first word: sorted into
 * buckets by its first bits, and then by insertion, which finds each hash near
 * its place already. Half of the time that the engine takes to sort numbers.
 */
export function sortHashes(hashes: Uint8Array): DataView {
  const from = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength);
  const count = hashes.length / HASH_BYTES;
  const wordAt = (place: number): number => from.getUint32(place * HASH_BYTES, true);
  const ends = new Uint32Array(2 ** BUCKET_BITS + 1);
  for (let place = 0; place < count; place++) {
    const next = (wordAt(place) >>> (32 - BUCKET_BITS)) + 1;
    ends[next] = (ends[next] ?? 0) + 1;
  }
  for (let bucket = 1; bucket < ends.length; bucket++)
    ends[bucket] = (ends[bucket] ?? 0) + (ends[bucket - 1] ?? 0);
  const words = new Uint32Array(count);
  const places = new Uint32Array(count);
  for (let place = 0; place < count; place++) {
    const word = wordAt(place);
    const bucket = word >>> (32 - BUCKET_BITS);
    const at = ends[bucket] ?? 0;
    words[at] = word;
    places[at] = place;
    ends[bucket] = at + 1;
  }
  insertionSort(words, places);
  const sorted = new DataView(new ArrayBuffer(hashes.length));
  for (let to = 0; to < count; to++) {
    const at = (places[to] ?? 0) * HASH_BYTES;
    for (let byte = 0; byte < HASH_BYTES; byte += 4)
      sorted.setInt32(to * HASH_BYTES + byte, from.getInt32(at + byte, true), true);
  }
  return sorted;
}

/** Sorts words, and with each its place. */
function insertionSort(words: Uint32Array, places: Uint32Array): void {
  for (let next = 1; next < words.length; next++) {
    const word = words[next] ?? 0;
    const place = places[next] ?? 0;
    let at = next;
    for (; at > 0 && (words[at - 1] ?? 0) > word; at--) {
      words[at] = words[at - 1] ?? 0;
      places[at] = places[at - 1] ?? 0;
    }
    words[at] = word;
    places[at] = place;
  }
}
