import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Random, testSeed } from '../../../../../tests/support/random.ts';
import { DiskRoom } from './disk-room.ts';
import { Spool } from './spool.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-spool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const roomOf = (bytesMax: number): DiskRoom =>
  new DiskRoom({ bytesMax, freeBytes: () => Number.POSITIVE_INFINITY, freeBytesMin: 0 });

let serial = 0;
const open = (room: DiskRoom): Spool => {
  serial += 1;
  return new Spool(join(folder, `${serial}`), room);
};

test('what is written comes out as it was, however slowly it is taken', async () => {
  const random = new Random(testSeed());
  console.info(`MILLRACE_TEST_SEED=${random.seed}`);
  for (let round = 0; round < 20; round += 1) {
    const room = roomOf(4_000_000);
    const spool = open(room);
    const written: Buffer[] = [];
    const writing = async (): Promise<void> => {
      for (let n = 0; n < 200; n += 1) {
        const chunk = Buffer.alloc(random.between(1, 65_536), n % 251);
        written.push(chunk);
        await spool.write(chunk);
        if (random.chance(0.1)) await new Promise(setImmediate);
      }
      spool.end();
    };
    const taking = async (): Promise<Buffer> => {
      const taken: Uint8Array[] = [];
      for await (const chunk of spool.chunks()) {
        taken.push(chunk);
        while (random.chance(0.5)) await new Promise(setImmediate);
      }
      return Buffer.concat(taken);
    };
    const [, taken] = await Promise.all([writing(), taking()]);
    expect(taken.equals(Buffer.concat(written))).toBe(true);
    await spool.close();
    expect(room.takenBytes).toBe(0);
  }
});

const chunk = Buffer.alloc(500_000);

test('what nobody takes is refused once there is no room, and has no name on the disk', async () => {
  const room = roomOf(1_200_000);
  const spool = open(room);
  for (let n = 0; n < 4; n += 1) await spool.write(chunk);
  await expect(spool.write(chunk)).rejects.toMatchObject({ code: 243 });
  expect(room.takenBytes).toBe(1_000_000);
  expect(readdirSync(folder)).toEqual([]);
  await spool.close();
  expect(room.takenBytes).toBe(0);
});

test('what the disk has no room for is refused, though less than all that is allowed', async () => {
  let freeBytes = 2_000_000;
  const room = new DiskRoom({
    bytesMax: 10e6,
    freeBytes: () => freeBytes,
    freeBytesMin: 1_000_000,
  });
  const spool = open(room);
  // The first two are in memory.
  for (let n = 0; n < 4; n += 1) {
    await spool.write(chunk);
    if (n >= 2) freeBytes -= chunk.byteLength;
  }
  expect(freeBytes).toBe(1_000_000);
  await expect(spool.write(chunk)).rejects.toMatchObject({
    code: 243,
    message: expect.stringContaining('1000000 bytes of answers wait on the disk'),
  });
  // Somebody else gives some back, or this one's reader takes all that there is.
  freeBytes += chunk.byteLength;
  await spool.write(chunk);
  freeBytes = 0;
  const chunks = spool.chunks();
  for (let bytes = 0; bytes < 5 * chunk.byteLength; ) {
    bytes += (await chunks.next()).value?.byteLength ?? expect.fail('no more');
  }
  for (let n = 0; n < 4; n += 1) await spool.write(chunk);
  await spool.close();
  expect(room.takenBytes).toBe(0);
});

test('who finds no room goes on when another gives his back, or it is closed', async () => {
  const room = roomOf(1_200_000);
  const first = open(room);
  for (let n = 0; n < 4; n += 1) await first.write(chunk);
  const second = open(room);
  const chunks = second.chunks();
  const begun = chunks.next();
  for (let n = 0; n < 3; n += 1) await second.write(chunk);
  let isWritten = false;
  const waiting = second.write(chunk).then(() => {
    isWritten = true;
  });
  expect((await begun).value).toHaveLength(500_000);
  await new Promise(setImmediate);
  expect(isWritten).toBe(false);
  await first.close();
  await waiting;

  const third = open(room);
  third
    .chunks()
    .next()
    .catch(() => {});
  await third.write(chunk);
  await third.close();
  await third.write(chunk);
  await second.close();
  expect(room.takenBytes).toBe(0);
});

test('who finds no room for a while fails, although its taker is there', async () => {
  const spool = new Spool(join(folder, 'patient'), roomOf(1_200_000), 50);
  const chunks = spool.chunks();
  const begun = chunks.next();
  for (let n = 0; n < 5; n += 1) await spool.write(chunk);
  await begun;
  await expect(spool.write(chunk)).rejects.toMatchObject({ code: 243 });
  await spool.close();
});

test('what was written before a failure is taken before it', async () => {
  const spool = open(roomOf(10_000_000));
  for (let n = 0; n < 6; n += 1) await spool.write(chunk);
  spool.end(new Error('broken'));
  let bytes = 0;
  const taking = async (): Promise<void> => {
    for await (const taken of spool.chunks()) bytes += taken.byteLength;
  };
  await expect(taking()).rejects.toThrow('broken');
  expect(bytes).toBe(3_000_000);
  await spool.close();
});
