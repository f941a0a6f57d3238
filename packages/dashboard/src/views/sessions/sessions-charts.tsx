import { useMemo } from 'preact/hooks';
import { ChartCard } from '../../question/chart-card.tsx';
import { gapsMarked } from '../../question/gaps.ts';
import { type Every, widthsMs } from '../../question/range.ts';
import type { SessionsRow } from './session-rows.ts';
import { sessionWords } from './words.ts';

interface SessionsChartsProps {
  readonly rows: readonly SessionsRow[];
  readonly every: Every;
  readonly zone: string;
}

const minuteMs = 60_000;

/** How many sessions begin when, and what they are like. */
export function SessionsCharts({ rows, every, zone }: SessionsChartsProps) {
  const t = sessionWords();
  const charts = [
    [t.sessions, ({ sessions }: SessionsRow) => sessions],
    [t.bounceRatePercent, ({ bounceRate }: SessionsRow) => scaled(bounceRate, 100)],
    [t.meanMinutes, ({ meanMs }: SessionsRow) => scaled(meanMs, 1 / minuteMs)],
  ] as const;
  return (
    <div class="columns">
      {charts.map(([name, measured]) => (
        <Chart key={name} name={name} measured={measured} rows={rows} every={every} zone={zone} />
      ))}
    </div>
  );
}

const scaled = (value: number | null, by: number): number | null =>
  value === null ? null : value * by;

interface ChartProps extends SessionsChartsProps {
  readonly name: string;
  readonly measured: (row: SessionsRow) => number | null;
}

function Chart({ name, measured, rows, every, zone }: ChartProps) {
  const charted = useMemo(() => {
    const values = new Map(rows.map((row) => [Date.parse(row.of ?? '') / 1_000, measured(row)]));
    const times = gapsMarked([...values.keys()], widthsMs[every] / 1_000);
    const series = [{ label: name, values: times.map((time) => values.get(time) ?? null) }];
    return { times, series };
  }, [rows, every, name]);
  return <ChartCard name={name} {...charted} zone={zone} heightPx={180} />;
}
