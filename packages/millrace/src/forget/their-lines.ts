import type { Person } from '../ports/forget-progress.ts';

/** An event that names the person, as its line has it. */
export interface TheirEvent {
  readonly type: string;
  /** Epoch ms. */
  readonly timestamp: number;
}

export interface TheirLine extends TheirEvent {
  /** Counted from 0. */
  readonly row: number;
  readonly eventId: string;
}

const newline = 0x0a;
/** What every writer of JSON writes as it is. */
const plain = /^[\x20\x21\x23-\x2e\x30-\x5b\x5d-\x7e]*$/;

/** Those of some lines of canonical JSON that name the person. */
export function* theirLines(lines: Uint8Array, person: Person): Generator<TheirLine> {
  const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
  const ids = [person.userId, person.anonymousId].filter((id) => id !== null);
  // Most lines are of others, and need not be read.
  const mayName = ids.every((id) => plain.test(id))
    ? (line: Buffer): boolean => ids.some((id) => line.includes(`"${id}"`))
    : (): boolean => true;
  if (!mayName(bytes)) return;
  let row = 0;
  for (let at = 0; at < bytes.length; row += 1) {
    const end = bytes.indexOf(newline, at) + 1 || bytes.length;
    const line = bytes.subarray(at, end);
    at = end;
    if (!mayName(line)) continue;
    const event: Line = JSON.parse(line.toString());
    if (names(event, person)) {
      const { event_id: eventId, type, timestamp } = event;
      yield { row, eventId, type, timestamp };
    }
  }
}

interface Line extends TheirEvent {
  readonly event_id: string;
  readonly user_id?: unknown;
  readonly anonymous_id?: unknown;
}

const names = (
  event: { readonly user_id?: unknown; readonly anonymous_id?: unknown },
  { userId, anonymousId }: Person,
): boolean =>
  (userId !== null && event.user_id === userId) ||
  (anonymousId !== null && event.anonymous_id === anonymousId);
