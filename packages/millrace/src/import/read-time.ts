import { readTime } from '../collect/time.ts';
import { timePattern } from './time-pattern.ts';
import type { Zone } from './zone.ts';

const offsetAfterMinutes = /[Zz]$|[+-]\d\d(?::?\d\d)?$/;

/**
 * A time in text as epoch ms, or null if it is none. Without a pattern it is
 * ISO 8601, a space for the T allowed. An offset in the text counts; where
 * there is none the time is the zone's.
 */
export function readLocalTime(text: string, zone: Zone, pattern?: string): number | null {
  const iso = pattern === undefined ? text.trim() : timePattern(pattern)(text.trim());
  if (iso === null) return null;
  const time = readTime(iso);
  if (time === null) return null;
  // `2010-12-01 08:26` has 16 characters; before that a minus is no offset.
  return offsetAfterMinutes.test(iso.slice(16)) ? time : zone.epochOf(time);
}
