import { MillraceError } from '../errors.ts';
import { type OffsetAt, offsetsOf } from '../plan/time-zone.ts';

const dayMs = 86_400_000;
const daysKeptMax = 100_000;

/**
 * Reads wall-clock times of one time zone, as the clock changes go.
 *
 * The rule is that of `Temporal`'s "compatible" and of RFC 5545: a time that
 * comes twice in autumn is the first of the two, and a time that is left out in
 * spring is read as if the clock had not been changed yet (01:30 in London,
 * when 01:00 becomes 02:00, is 02:30 summer time).
 */
export interface Zone {
  /** @param wallMs the wall-clock time as epoch ms, as if the wall hung in UTC. */
  epochOf(wallMs: number): number;
}

const utc: Zone = { epochOf: (wallMs) => wallMs };

/** @throws MillraceError `import_invalid` for a name that is no IANA time zone. */
export function zoneOf(name: string): Zone {
  if (name === 'UTC') return utc;
  const offsetAt = offsetsIn(name);
  /** The offset of days (by the wall) without a change of clocks near; null for the others. */
  const steadyDays = new Map<number, number | null>();

  const steadyOffset = (day: number): number | null => {
    const known = steadyDays.get(day);
    if (known !== undefined) return known;
    const before = offsetAt((day - 1) * dayMs);
    const steady = before === offsetAt((day + 2) * dayMs) ? before : null;
    if (steadyDays.size >= daysKeptMax) steadyDays.clear();
    steadyDays.set(day, steady);
    return steady;
  };

  return {
    epochOf(wallMs) {
      const steady = steadyOffset(Math.floor(wallMs / dayMs));
      if (steady !== null) return wallMs - steady;
      const early = wallMs - offsetAt(wallMs - dayMs);
      const late = wallMs - offsetAt(wallMs + dayMs);
      const [first, second] = early <= late ? [early, late] : [late, early];
      if (first + offsetAt(first) === wallMs) return first;
      if (second + offsetAt(second) === wallMs) return second;
      return early;
    },
  };
}

function offsetsIn(zone: string): OffsetAt {
  try {
    return offsetsOf(zone);
  } catch (error) {
    throw new MillraceError(
      'import_invalid',
      `There is no time zone ${JSON.stringify(zone)}; zones are named as 'Europe/London', or 'UTC'.`,
      { cause: error },
    );
  }
}
