import { join } from 'node:path';
import { MillraceError } from '../../errors.ts';

/** What is known in memory of one segment: `[base, end)` in `bytes` of file. */
export interface Segment {
  readonly path: string;
  readonly base: number;
  end: number;
  /** Durable bytes; what may lie behind them in the file was never acknowledged. */
  bytes: number;
  /** When its oldest and newest records were appended (ms since the epoch). */
  oldestAt: number;
  newestAt: number;
  /** A few frames' places, ascending, the first frame's among them. */
  readonly places: Place[];
}

/** Where the frame that begins with `offset` is in the file. */
export interface Place {
  readonly offset: number;
  readonly position: number;
}

const placeEveryBytes = 512 * 1024;

export function emptySegment(folder: string, base: number, headerBytes: number): Segment {
  return {
    path: segmentPath(folder, base),
    base,
    end: base,
    bytes: headerBytes,
    oldestAt: Number.POSITIVE_INFINITY,
    newestAt: Number.NEGATIVE_INFINITY,
    places: [{ offset: base, position: headerBytes }],
  };
}

/** Takes note of a durable frame at the segment's end. */
export function extend(segment: Segment, records: number, bytes: number, appendedAt: number): void {
  const last = segment.places.at(-1);
  if (last === undefined || segment.bytes - last.position >= placeEveryBytes)
    segment.places.push({ offset: segment.end, position: segment.bytes });
  segment.end += records;
  segment.bytes += bytes;
  segment.oldestAt = Math.min(segment.oldestAt, appendedAt);
  segment.newestAt = Math.max(segment.newestAt, appendedAt);
}

/** The nearest place at or before `offset`. */
export function placeBefore(segment: Segment, offset: number): Place {
  const place = segment.places.findLast((each) => each.offset <= offset);
  if (place === undefined) throw new RangeError(`${segment.path} does not hold offset ${offset}.`);
  return place;
}

export const segmentPath = (folder: string, base: number): string =>
  join(folder, `${digits(base)}.log`);

/** The file written when a segment is sealed; see seal.ts. */
export const sealPath = (folder: string, base: number): string =>
  join(folder, `${digits(base)}.ids`);

/** The base offset in a file's name, if it has the extension. */
export function baseOf(name: string, extension: '.log' | '.ids'): number | undefined {
  return name.length === 20 + extension.length &&
    /^\d{20}$/.test(name.slice(0, 20)) &&
    name.endsWith(extension)
    ? Number(name.slice(0, 20))
    : undefined;
}

export const digits = (base: number): string => String(base).padStart(20, '0');

export function corrupt(path: string, position: number, what: string): MillraceError {
  return new MillraceError('log_corrupt', `${path} at byte ${position}: ${what}`);
}
