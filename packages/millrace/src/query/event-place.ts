import type { EventPlace } from '../plan/sought-events.ts';

/** A place as text, which whoever pages through events gives back: `1767225600000-0-17`. */
export const eventPlaceText = ({ timestampMs, partition, offset }: EventPlace): string =>
  `${timestampMs}-${partition}-${offset}`;

const form = /^(-?\d{1,15})-(\d{1,9})-(\d{1,15})$/;

/** What `eventPlaceText` makes, as a pattern. */
export const eventPlacePattern = form.source;

/** @returns null if the text is none. */
export function eventPlace(text: string): EventPlace | null {
  const [, timestampMs, partition, offset] = form.exec(text) ?? [];
  if (timestampMs === undefined || partition === undefined || offset === undefined) return null;
  return {
    timestampMs: Number(timestampMs),
    partition: Number(partition),
    offset: Number(offset),
  };
}
