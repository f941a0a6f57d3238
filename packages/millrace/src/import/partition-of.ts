import { hash } from 'node:crypto';
import { Refusal } from '../collect/refusals.ts';
import { readTime, timeMax, timeMin } from '../collect/time.ts';
import type { MappedRow } from './map-row.ts';

/** Types are told apart by so many groups, so that a column full of nonsense makes no endless list. */
const typeGroups = 256;
const groupOfType = new Map<string, string>();
const typesKeptMax = 10_000;

/**
 * Which partition of the store a row goes to, as text that sorts by time; null
 * for one that goes nowhere. A pipeline may keep several types in one partition:
 * then this counts more partitions than there are.
 */
export function partitionOf({ event }: MappedRow, by: 'month' | 'day'): string | null {
  if (typeof event === 'string' || event instanceof Refusal) return null;
  const time = readTime(event.timestamp);
  if (time === null || time < timeMin || time > timeMax || typeof event.type !== 'string') {
    return null;
  }
  const date = new Date(time);
  const month = String(date.getUTCFullYear() * 12 + date.getUTCMonth()).padStart(6, '0');
  const day = by === 'day' ? String(date.getUTCDate()).padStart(2, '0') : '';
  return `${month}${day}${groupOf(event.type)}`;
}

function groupOf(type: string): string {
  const known = groupOfType.get(type);
  if (known !== undefined) return known;
  const number = Number.parseInt(hash('sha256', type).slice(0, 8), 16) % typeGroups;
  const group = `-${String(number).padStart(3, '0')}`;
  if (groupOfType.size >= typesKeptMax) groupOfType.clear();
  groupOfType.set(type, group);
  return group;
}
