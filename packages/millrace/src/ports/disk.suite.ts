import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Disk } from './disk.ts';

/** A disk, and a folder on it that is there and empty. */
export interface DiskPlace {
  readonly disk: Disk;
  readonly folder: string;
  remove(): Promise<void>;
}

/** What every disk must do while nobody crashes. */
export function describeDisk(name: string, place: () => Promise<DiskPlace>): void {
  describe(`${name} as a disk`, () => {
    const newPlace = async () => {
      const created = await place();
      onTestFinished(() => created.remove());
      const { disk, folder } = created;
      const path = (file: string): string => join(folder, file);
      return { disk, folder, path, read: (file: string) => contentOf(disk, path(file)) };
    };
    const missing = { code: 'ENOENT' };

    test('a file is read as it was written, wherever', async () => {
      const { disk, path, read } = await newPlace();
      const file = await disk.open(path('a'), 'create');
      await file.write(Buffer.from('hello world'), 0);
      await file.write(Buffer.from('W'), 6);
      await file.sync();
      expect(await file.size()).toBe(11);
      const into = Buffer.alloc(20, '.');
      expect(await file.read(into, 6)).toBe(5);
      expect(into.toString()).toBe(`World${'.'.repeat(15)}`);
      expect(await file.read(into, 11)).toBe(0);
      await file.close();
      expect(await read('a')).toBe('hello World');
    });

    test('what was given to a write may be used again once it has ended', async () => {
      const { disk, path, read } = await newPlace();
      const file = await disk.open(path('a'), 'create');
      const bytes = Buffer.from('one');
      await file.write(bytes, 0);
      bytes.write('two');
      await file.write(bytes, 3);
      await file.close();
      expect(await read('a')).toBe('onetwo');
    });

    test('what lies between the end and a write behind it is zeros', async () => {
      const { disk, path, read } = await newPlace();
      const file = await disk.open(path('a'), 'create');
      await file.write(Buffer.from('x'), 2);
      await file.close();
      expect(await read('a')).toBe('\0\0x');
    });

    test('a file is cut, and gone on with', async () => {
      const { disk, path, read } = await newPlace();
      const file = await disk.open(path('a'), 'create');
      await file.write(Buffer.from('hello'), 0);
      await file.truncate(2);
      expect(await file.size()).toBe(2);
      await file.write(Buffer.from('!'), 2);
      await file.close();
      expect(await read('a')).toBe('he!');
    });

    test('create empties what is there; write keeps it', async () => {
      const { disk, path, read } = await newPlace();
      await write(disk, path('a'), 'old');
      const kept = await disk.open(path('a'), 'write');
      await kept.write(Buffer.from('b'), 0);
      await kept.close();
      expect(await read('a')).toBe('bld');
      await (await disk.open(path('a'), 'create')).close();
      expect(await read('a')).toBe('');
    });

    test('what is not there is said to be missing', async () => {
      const { disk, path } = await newPlace();
      await expect(disk.open(path('a'), 'read')).rejects.toMatchObject(missing);
      await expect(disk.open(path('a'), 'write')).rejects.toMatchObject(missing);
      await expect(disk.open(path('no/a'), 'create')).rejects.toMatchObject(missing);
      await expect(disk.rename(path('a'), path('b'))).rejects.toMatchObject(missing);
      await expect(disk.unlink(path('a'))).rejects.toMatchObject(missing);
      await expect(disk.list(path('no'))).rejects.toMatchObject(missing);
      await expect(disk.syncFolder(path('no'))).rejects.toMatchObject(missing);
    });

    test('what is open for reading is not written, and what is closed is not used', async () => {
      const { disk, path, read } = await newPlace();
      await write(disk, path('a'), 'kept');
      const file = await disk.open(path('a'), 'read');
      await expect(file.write(Buffer.from('x'), 0)).rejects.toThrow('EBADF');
      await file.close();
      await expect(file.size()).rejects.toMatchObject({ code: 'EBADF' });
      expect(await read('a')).toBe('kept');
    });

    test('a name moves to another, whatever was there, and an open file goes with it', async () => {
      const { disk, folder, path, read } = await newPlace();
      await write(disk, path('old'), 'old');
      const file = await disk.open(path('new.tmp'), 'create');
      await disk.rename(path('new.tmp'), path('old'));
      await disk.syncFolder(folder);
      await file.write(Buffer.from('new'), 0);
      await file.close();
      expect(await disk.list(folder)).toEqual(['old']);
      expect(await read('old')).toBe('new');
    });

    test('a deleted file is read by who has it open', async () => {
      const { disk, folder, path } = await newPlace();
      await write(disk, path('a'), 'still');
      const file = await disk.open(path('a'), 'read');
      await disk.unlink(path('a'));
      const into = Buffer.alloc(5);
      expect(await file.read(into, 0)).toBe(5);
      await file.close();
      expect(into.toString()).toBe('still');
      expect(await disk.list(folder)).toEqual([]);
    });

    test('folders are made with those above them, and again', async () => {
      const { disk, path } = await newPlace();
      await disk.makeFolder(path('a/b/c'));
      await write(disk, path('a/b/c/file'), 'x');
      await disk.makeFolder(path('a/b/c'));
      expect(await disk.list(path('a/b/c'))).toEqual(['file']);
      expect(await disk.freeBytes(path('a/b/c'))).toBeGreaterThan(0);
    });

    test('a file is read at once, and stays readable when it is replaced or deleted', async () => {
      const { disk, path } = await newPlace();
      await write(disk, path('file'), 'hello world');
      const file = disk.openSync(path('file'));
      expect(file.path).toBe(path('file'));
      await write(disk, path('other'), 'replaced');
      await disk.rename(path('other'), path('file'));
      const into = new DataView(new ArrayBuffer(20));
      expect(file.read(into, 5, 6)).toBe(5);
      expect(Buffer.from(into.buffer, 0, 6).toString()).toBe('world\0');
      await disk.unlink(path('file'));
      expect(file.read(into, 20, 6)).toBe(5);
      file.close();
      expect(() => disk.openSync(path('file'))).toThrow('ENOENT');
    });

    test('scratch files are appended to, read and removed, and old ones are gone', async () => {
      const { disk, path } = await newPlace();
      const folder = path('scratch');
      const scratch = disk.openScratch(folder, '.run');
      const file = scratch.create('1.run');
      expect(file.path).toBe(join(folder, '1.run'));
      expect(() => scratch.create('1.run')).toThrow('EEXIST');
      file.append(viewOf('hello...'), 5);
      file.append(viewOf(' world'), 6);
      const into = new DataView(new ArrayBuffer(20));
      expect(file.read(into, 5, 6)).toBe(5);
      expect(Buffer.from(into.buffer, 0, 6).toString()).toBe('world\0');
      expect(file.read(into, 20, 6)).toBe(5);
      await write(disk, join(folder, 'other'), 'kept');
      scratch.create('2.run').close();
      expect((await disk.list(folder)).toSorted()).toEqual(['1.run', 'other']);
      disk.openScratch(folder, '.run');
      expect(await disk.list(folder)).toEqual(['other']);
    });
  });
}

async function write(disk: Disk, path: string, content: string): Promise<void> {
  const file = await disk.open(path, 'create');
  await file.write(Buffer.from(content), 0);
  await file.close();
}

async function contentOf(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read');
  const into = Buffer.alloc(await file.size());
  const bytes = await file.read(into, 0);
  await file.close();
  return into.subarray(0, bytes).toString();
}

const viewOf = (text: string): DataView => new DataView(new TextEncoder().encode(text).buffer);
