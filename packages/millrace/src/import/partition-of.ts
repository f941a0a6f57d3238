import { hash } from 'node:crypto';
import { Refusal } from '../collect/refusals.ts';
import { readTime, timeMax, timeMin } from '../collect/time.ts';
import type { MappedRow } from './map-row.ts';

/** Types are told apart by so many groups, so that a column full of nonsense makes no endless list. */
const typeGroups = 256;
const typesKeptMax = 10_000;
const groups = new Map<string, number>();

const dayMs = 86_400_000;

/**
 * Which partition of the store a row goes to, as a number that grows with time;
 * null for one that goes nowhere. A pipeline may keep several types in one
 * partition: then this counts more partitions than there are.
 */
export function partitionOf({ event }: MappedRow, by: 'month' | 'day'): number | null {
  if (typeof event === 'string' || event instanceof Refusal) return null;
  const { timestamp, type } = event;
  const time = typeof timestamp === 'number' ? timestamp : readTime(timestamp);
  // Written so that NaN goes nowhere either.
  if (time === null || !(time >= timeMin && time <= timeMax)) return null;
  if (typeof type !== 'string') return null;
  const day = Math.floor(time / dayMs);
  return (by === 'day' ? day : monthOf(day)) * typeGroups + groupOf(type);
}

const months = new Map<number, number>();

function monthOf(day: number): number {
  let month = months.get(day);
  if (month === undefined) {
    const date = new Date(day * dayMs);
    month = date.getUTCFullYear() * 12 + date.getUTCMonth();
    months.set(day, month);
  }
  return month;
}

function groupOf(type: string): number {
  let group = groups.get(type);
  if (group === undefined) {
    group = Number.parseInt(hash('sha256', type).slice(0, 8), 16) % typeGroups;
    if (groups.size >= typesKeptMax) groups.clear();
    groups.set(type, group);
  }
  return group;
}
