import type { LedgerEvent } from './ledger.ts';

/** Events by bucket and name, in their order, each group with the row that a rollup has of it. */
export function grouped(
  events: readonly LedgerEvent[],
  everyMs: number,
  of: (event: LedgerEvent) => string,
) {
  const groups = new Map<string, LedgerEvent[]>();
  for (const event of events) {
    const key = `${(Math.floor(event.timestamp / everyMs) * everyMs) / 1_000} ${of(event)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, members]) => {
      const [bucket, name] = key.split(' ');
      const cents = members.map(({ properties }) => BigInt(properties.price.replace('.', '')));
      const sum = cents.reduce((total, one) => total + one, 0n);
      return { members, row: { at: bucket, of: name, n: `${members.length}`, cents: `${sum}` } };
    });
}
