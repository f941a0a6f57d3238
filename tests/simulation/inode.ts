import type { Random } from '../support/random.ts';

/** One change of a file's bytes. `grown` is a new length without the bytes that made it. */
export type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'cut'; readonly size: number }
  | { readonly kind: 'grown'; readonly size: number };

/** A file without its name: its bytes as they are read, and as a power failure would leave them. */
export class Inode {
  content: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  /** What a sync makes durable, oldest first. */
  pending: Change[] = [];

  change(change: Change): void {
    this.pending.push(change);
    this.content = apply(this.content, change);
  }

  sync(): void {
    for (const change of this.pending) this.durable = apply(this.durable, change);
    this.pending = [];
  }
}

/** The bytes after the change; what lies between the old end and a write is zeros. */
export function apply(content: Buffer, change: Change): Buffer {
  if (change.kind === 'cut') return resized(content, change.size);
  if (change.kind === 'grown') return resized(content, Math.max(content.length, change.size));
  const { position, bytes } = change;
  const after = Buffer.alloc(Math.max(content.length, position + bytes.length));
  content.copy(after);
  bytes.copy(after, position);
  return after;
}

function resized(content: Buffer, size: number): Buffer {
  const after = Buffer.alloc(size);
  content.copy(after);
  return after;
}

const sectorBytes = 512;

/** The parts in which a change reaches the platter: whole sectors, parts of them, and the length alone. */
export function cutAnyhow(change: Change, random: Random): readonly Change[] {
  if (change.kind !== 'write') return [change];
  const { position, bytes } = change;
  const end = position + bytes.length;
  const pieces: Change[] = [{ kind: 'grown', size: end }];
  for (let from = position; from < end; ) {
    const sectorEnd = (Math.floor(from / sectorBytes) + 1) * sectorBytes;
    const to = random.chance(0.2) ? random.between(from + 1, end) : Math.min(sectorEnd, end);
    pieces.push({
      kind: 'write',
      position: from,
      bytes: bytes.subarray(from - position, to - position),
    });
    from = to;
  }
  return pieces;
}
