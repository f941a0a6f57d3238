import { useEffect, useMemo } from 'preact/hooks';
import { key } from '../../api/key.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Failure, Loading } from '../../parts/states.tsx';
import { TimeChart } from '../../parts/time-chart.tsx';
import { type Total, Totals } from '../../parts/totals.tsx';
import type { View } from '../../view.ts';
import { duration, grouped, percent, rounded } from '../../words/numbers.ts';
import { askHealth, type Status } from './ask-health.ts';
import { useSamples } from './samples.ts';
import { Alerts, Rollups, Windows } from './stages.tsx';
import { Sizes, Storage } from './storage.tsx';
import { Verify } from './verify.tsx';
import { healthWords } from './words.ts';

const everyMs = 2_000;

/** How the pipeline is doing: lag, throughput, what waits, what it takes, and whether all is right. */
export const health: View = {
  path: '/health',
  title: () => healthWords().title,
  Content: () => {
    const { answer, error, loading, again } = useAsked(askHealth, [key.value]);
    useEffect(() => {
      if (loading) return;
      const timer = setInterval(() => {
        if (!document.hidden) again();
      }, everyMs);
      return () => clearInterval(timer);
    }, [loading, again]);
    return (
      <div class="health">
        {error !== undefined && <Failure error={error} again={again} />}
        {answer === undefined && error === undefined && <Loading />}
        {answer !== undefined && (
          <>
            <Now status={answer.status} />
            <Rollups rollups={answer.status.rollups} />
            <Windows windows={answer.status.windows} />
            <Alerts alerts={answer.status.alerts} />
            <Storage tables={answer.tables} />
            <Sizes status={answer.status} />
          </>
        )}
        <Verify />
      </div>
    );
  },
};

function Now({ status }: { readonly status: Status }) {
  const t = healthWords();
  const { times, rates, lags } = useSamples(status);
  const ofRates = useMemo(() => [{ label: t.rate, values: rates }], [t, rates]);
  const ofLags = useMemo(() => [{ label: t.lagMs, values: lags }], [t, lags]);
  const lag = duration(status.lag_ms);
  const rate = rounded(status.events_per_second);
  return (
    <section aria-labelledby="now-title">
      <h2 id="now-title">{t.now}</h2>
      {status.problem !== null && (
        <p class="notice" role="alert">
          {t.storing(status.problem)}
        </p>
      )}
      <Totals totals={totalsOf(status, lag, rate)} />
      <div class="charts">
        <TimeChart label={t.chartOfRate(rate)} times={times} series={ofRates} heightPx={140} area />
        <TimeChart label={t.chartOfLag(lag)} times={times} series={ofLags} heightPx={140} area />
      </div>
    </section>
  );
}

function totalsOf(status: Status, lag: string, rate: string): readonly Total[] {
  const t = healthWords();
  const { accepted } = status;
  const of = (count: number | null, whole: number | null): string => {
    if (count === null || whole === null || whole === 0) return grouped(count);
    return t.shareOf(grouped(count), percent(count / whole));
  };
  return [
    [t.lag, lag],
    [t.rate, rate],
    [t.accepted, grouped(accepted)],
    [t.stored, grouped(status.stored)],
    [t.duplicates, of(status.duplicates, accepted)],
    [t.late, of(status.late, status.stored)],
    [t.refused, grouped(status.dead_letters)],
  ];
}
