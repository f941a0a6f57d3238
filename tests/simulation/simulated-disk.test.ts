import { describe, expect, test } from 'vitest';
import { describeDisk } from '../../packages/millrace/src/ports/disk.suite.ts';
import type { Disk, DiskFile } from '../../packages/millrace/src/ports/disk.ts';
import { Random } from '../support/random.ts';
import type { Fate } from './faults.ts';
import { type Operation, SimulatedDisk } from './simulated-disk.ts';

interface Place {
  readonly disk: Disk;
  readonly simulated: SimulatedDisk;
  fate: (operation: Operation) => Fate;
}

async function newPlace(seed = 1): Promise<Place> {
  const simulated = new SimulatedDisk(new Random(seed));
  const disk = simulated.usedBy({
    fate: async (operation) => place.fate(operation),
    fails: () => false,
    freeBytes: () => 1,
  });
  const place: Place = { simulated, disk, fate: () => 'done' };
  await disk.makeFolder('/d');
  return place;
}

describeDisk('the simulated disk', async () => {
  const { disk } = await newPlace();
  return { disk, folder: '/d', remove: async () => {} };
});

/** Everything that a power failure leaves of what was done, over many of them. */
async function leftOf(work: (place: Place) => Promise<void>, file = 'a'): Promise<Set<string>> {
  const left = new Set<string>();
  for (let seed = 0; seed < 300; seed += 1) {
    const place = await newPlace(seed);
    await work(place);
    place.simulated.loseSome();
    left.add(await contentOf(place.disk, `/d/${file}`));
  }
  return left;
}

async function contentOf(disk: Disk, path: string): Promise<string> {
  const file = await disk.open(path, 'read').catch(() => null);
  if (file === null) return 'gone';
  const into = Buffer.alloc(await file.size());
  await file.read(into, 0);
  return into.toString();
}

async function durable({ disk }: Place, content: string, name = 'a'): Promise<DiskFile> {
  const file = await disk.open(`/d/${name}`, 'create');
  await file.write(Buffer.from(content), 0);
  await file.sync();
  await disk.syncFolder('/d');
  return file;
}

describe('after a power failure', () => {
  test('what is synced, name and all, is there', async () => {
    const left = await leftOf(async (place) => void (await durable(place, 'kept')));
    expect(left).toEqual(new Set(['kept']));
  });

  test('what is not synced is there in any part', async () => {
    const left = await leftOf(async (place) => {
      const file = await durable(place, 'old');
      await file.write(Buffer.from('new'), 0);
      await file.write(Buffer.from('more'), 3);
    });
    for (const text of ['old', 'newmore', 'new', 'oldmore', 'old\0\0\0\0'])
      expect(left).toContain(text);
    for (const text of left) expect(text).toMatch(/^[on][le][dw][more\0]{0,4}$/);
    expect(left.size).toBeGreaterThan(8);
  });

  test('a cut that is not synced is there or not', async () => {
    const left = await leftOf(async (place) => (await durable(place, 'hello')).truncate(2));
    expect(left).toEqual(new Set(['hello', 'he']));
  });

  test('sectors survive each by itself', async () => {
    const left = await leftOf(async (place) => {
      const file = await durable(place, '');
      await file.write(Buffer.alloc(1024, 'x'), 0);
    });
    const [zeros, written] = ['\0'.repeat(512), 'x'.repeat(512)];
    expect(left).toContain(zeros + written);
    expect(left).toContain(written);
  });

  test('a name that is not synced may be gone, though its bytes are synced', async () => {
    const left = await leftOf(async ({ disk }) => {
      const file = await disk.open('/d/a', 'create');
      await file.write(Buffer.from('x'), 0);
      await file.sync();
    });
    expect(left).toEqual(new Set(['x', 'gone']));
  });

  test('a rename that is not synced leaves the old or the new, each whole', async () => {
    const left = await leftOf(async (place) => {
      await durable(place, 'old');
      await durable(place, 'new', 'a.new');
      await place.disk.rename('/d/a.new', '/d/a');
    });
    expect(left).toEqual(new Set(['old', 'new']));
  });

  test('what a failed sync dropped is read back until then, and no later sync brings it', async () => {
    const left = await leftOf(async (place) => {
      const file = await durable(place, 'old');
      await file.write(Buffer.from('new'), 0);
      place.fate = () => 'fails';
      await expect(file.sync()).rejects.toMatchObject({ name: 'Fault' });
      place.fate = () => 'done';
      await file.sync();
      expect(await contentOf(place.disk, '/d/a')).toBe('new');
    });
    for (const text of ['old', 'new']) expect(left).toContain(text);
  });

  test('what is written again after a failed sync is there', async () => {
    const left = await leftOf(async (place) => {
      const file = await durable(place, 'old');
      await file.write(Buffer.from('new'), 0);
      place.fate = () => 'fails';
      await expect(file.sync()).rejects.toMatchObject({ name: 'Fault' });
      place.fate = () => 'done';
      await file.write(Buffer.from('new'), 0);
      await file.sync();
    });
    expect(left).toEqual(new Set(['new']));
  });

  test('a write that failed is there in any part, even before', async () => {
    const read = new Set<string>();
    await leftOf(async (place) => {
      const file = await durable(place, '');
      place.fate = () => 'fails';
      await expect(file.write(Buffer.from('new'), 0)).rejects.toMatchObject({ name: 'Fault' });
      place.fate = () => 'done';
      read.add(await contentOf(place.disk, '/d/a'));
    });
    expect(read).toEqual(new Set(['', 'n', 'ne', 'new']));
  });
});
