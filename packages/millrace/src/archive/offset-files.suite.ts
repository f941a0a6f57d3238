import type { ArchiveRewriter } from '../ports/archive-rewriter.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type ArchivedRange, objectName } from './archived-range.ts';
import { Manifest } from './manifest.ts';

/** Files that are the offsets of their events, a line each. */
export const offsetsIn = (file: Uint8Array): readonly number[] =>
  Buffer.from(file).toString().split('\n').filter(Boolean).map(Number);
const fileOf = (offsets: readonly number[]): Uint8Array =>
  Buffer.from(offsets.map((offset) => `${offset}\n`).join(''));
export const rewriter: ArchiveRewriter = {
  async rewrite(files, without) {
    const offsets = files.flatMap(offsetsIn).filter((offset) => !without.includes(offset));
    return offsets.length === 0 ? null : { rows: offsets.length, bytes: fileOf(offsets) };
  },
};

export const perRange = 4;
const typeOf = (offset: number): string => (offset % 3 === 0 ? 'a' : 'b');

/** Archives the first ranges, as an archiver does. */
export async function fill(objects: ObjectStore, ranges: number): Promise<void> {
  for (let n = 0; n < ranges; n += 1) await archiveRange(objects, n);
}

/** Archives one range. */
export async function archiveRange(objects: ObjectStore, n: number): Promise<ArchivedRange> {
  const range = { partition: 0, from: n * perRange, to: (n + 1) * perRange };
  const its = Array.from({ length: perRange }, (_, row) => range.from + row);
  const written = [];
  for (const type of ['a', 'b']) {
    const file = fileOf(its.filter((offset) => typeOf(offset) === type));
    const rows = offsetsIn(file).length;
    const object = { date: '2026-05-01', type, rows, bytes: file.length };
    const name = objectName(object, range);
    await objects.create(name, file);
    written.push({ name, ...object });
  }
  const manifest = new Manifest(objects);
  await manifest.begin(range);
  const archived = { ...range, objects: written };
  await manifest.note(archived);
  return archived;
}

/** What those who read as the ranges say find. */
export async function read(objects: ObjectStore): Promise<readonly number[]> {
  for (;;) {
    const found = [];
    for (const range of await new Manifest(objects).ranges(0)) {
      for (const { name } of range.objects) found.push(await objects.read(name));
    }
    const files = found.filter((file) => file !== null);
    if (files.length === found.length) return files.flatMap(offsetsIn).toSorted((a, b) => a - b);
  }
}
