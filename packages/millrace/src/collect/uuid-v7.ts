import { randomFillSync } from 'node:crypto';

/** Random bytes are drawn for many ids at once: one draw costs as much as hundreds of ids. */
const pool = Buffer.allocUnsafe(10 * 512);
let used = pool.length;

/** A UUID version 7 (RFC 9562): 48 bits of time, so that ids of one time lie together, and 74 random ones. */
export function uuidV7(atMs: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.subarray(used, used + 10);
  used += 10;
  random[0] = 0x70 | (random.readUInt8(0) & 0x0f);
  random[2] = 0x80 | (random.readUInt8(2) & 0x3f);
  const time = Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0').slice(-12);
  const tail = random.toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail.slice(0, 4)}-${tail.slice(4, 8)}-${tail.slice(8)}`;
}
