import { eventsByMinute, eventsToFill, fillFromEvents } from '../compile/clickhouse/rollup-fill.ts';
import { copyBuckets, dropReplay, monthsBefore } from '../compile/clickhouse/rollup-replay.ts';
import { cutOffVersion, dropVersion, showVersion } from '../compile/clickhouse/rollup-versions.ts';
import type { RollupFillerOptions } from '../rollups/rollup-filler.ts';

/** How rollups are filled and switched, as statements of ClickHouse. */
export const fillStatements = (database: string): RollupFillerOptions['statements'] => ({
  eventsToFill: (rollup, range) => eventsToFill(rollup, range, { database }),
  eventsByMinute: (rollup, range) => eventsByMinute(rollup, range, { database }),
  fill: (rollup, range) => fillFromEvents(rollup, range, { database }),
  show: (rollup) => showVersion(rollup, 'table', { database }),
  cutOff: (rollup) => cutOffVersion(rollup, { database }),
  drop: (rollup) => [...dropReplay(rollup, { database }), ...dropVersion(rollup, { database })],
  monthsBefore: (rollup) => monthsBefore(rollup, { database }),
  copyBuckets: (rollup, month, replay) => copyBuckets(rollup, { ...replay, month }, { database }),
  endReplay: (rollup) => dropReplay(rollup, { database }),
});
