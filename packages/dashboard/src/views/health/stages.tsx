import { Moment } from '../../parts/moment.tsx';
import { Table } from '../../parts/table.tsx';
import { duration, grouped, percent } from '../../words/numbers.ts';
import type { Status } from './ask-health.ts';
import { healthWords } from './words.ts';

/** How far each rollup is, and what answers meanwhile. */
export function Rollups({ rollups }: Pick<Status, 'rollups'>) {
  const t = healthWords();
  const stateOf = ({ state, events_filled, events_to_fill }: Status['rollups'][number]): string =>
    state === 'ready' ? t.ready : t.filling(percent(events_filled / Math.max(1, events_to_fill)));
  return (
    <Table
      caption={t.rollups}
      columns={[t.name, t.state, t.servedBy]}
      rows={rollups.map((rollup) => [rollup.name, stateOf(rollup), rollup.served_by])}
      none={t.noRollups}
    />
  );
}

/** How far the results of windows are; nothing where this process does not write them. */
export function Windows({ windows }: Pick<Status, 'windows'>) {
  const t = healthWords();
  if (windows === null || windows.length === 0) return null;
  return (
    <Table
      caption={t.windows}
      columns={[t.name, t.resultsUntil, t.behind]}
      rows={windows.map(({ name, results_until, lag_ms }) => [
        name,
        <Moment key={name} at={results_until} />,
        duration(lag_ms),
      ])}
    />
  );
}

export function Alerts({ alerts }: Pick<Status, 'alerts'>) {
  const t = healthWords();
  if (alerts === null || alerts.length === 0) return null;
  return (
    <Table
      caption={t.alerts}
      columns={[t.name, t.pending, t.lastFailure]}
      rows={alerts.map(({ name, pending_calls, last_failure }) => [
        name,
        grouped(pending_calls),
        last_failure === null ? (
          t.none
        ) : (
          <span key={name}>
            <Moment at={last_failure.at} /> {last_failure.message}
          </span>
        ),
      ])}
    />
  );
}
