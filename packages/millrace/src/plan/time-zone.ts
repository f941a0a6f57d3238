/** How far the wall clock of a zone is ahead of UTC (ms) at an instant (epoch ms). */
export type OffsetAt = (epochMs: number) => number;

/**
 * @param zone an IANA name, as `Europe/London`.
 * @throws RangeError for a name that is none.
 */
export function offsetsOf(zone: string): OffsetAt {
  if (zone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (epochMs) => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(epochMs)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    const wallMs = new Date(0).setUTCFullYear(year, month - 1, day);
    const wholeSeconds = Math.floor(epochMs / 1000) * 1000;
    return wallMs + ((hour * 60 + minute) * 60 + second) * 1000 - wholeSeconds;
  };
}
