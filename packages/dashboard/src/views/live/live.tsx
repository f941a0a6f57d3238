import { useEffect, useMemo } from 'preact/hooks';
import type { PipelineDescription } from '../../api/pipeline.ts';
import { Copy } from '../../parts/copy.tsx';
import { TimeChart } from '../../parts/time-chart.tsx';
import { Totals } from '../../parts/totals.tsx';
import type { View } from '../../view.ts';
import { duration, grouped, none } from '../../words/numbers.ts';
import { EventList } from './event-list.tsx';
import { Flow } from './flow.tsx';
import { type Connection, Looking } from './looking.ts';
import { RollupCard } from './rollup-card.tsx';
import { liveWords } from './words.ts';

/** What happens now: totals, rollups, the last events, and whether events get into the store. */
export const live: View = {
  path: '/',
  title: () => liveWords().title,
  Content: ({ pipeline }) => {
    const looking = useMemo(() => new Looking(pipeline), [pipeline]);
    useEffect(() => looking.begin(), [looking]);
    return (
      <div class="live" data-state={looking.connection.value.state}>
        <Connected looking={looking} />
        <Rate looking={looking} />
        <LiveTotals looking={looking} />
        <Flow status={looking.status.value} />
        <Rollups looking={looking} />
        <LastEvents looking={looking} />
        <SendOne pipeline={pipeline} />
      </div>
    );
  },
};

interface Props {
  readonly looking: Looking;
}

function Connected({ looking }: Props) {
  const t = liveWords();
  const connection = looking.connection.value;
  const notice = noticeOf(connection);
  return (
    <>
      <div class="connection">
        <p id="state" role="status" data-state={connection.state}>
          {t[connection.state]}
        </p>
        <button type="button" onClick={() => looking.togglePause()}>
          {looking.paused.value ? t.resume : t.pause}
        </button>
      </div>
      {notice !== null && (
        <p id="notice" class="notice" role="alert">
          {notice}
        </p>
      )}
    </>
  );
}

function noticeOf(connection: Connection): string | null {
  const t = liveWords();
  if (connection.state === 'away') return t.awayNotice;
  if (connection.state === 'failing') return t.failingNotice(connection.message);
  if (connection.state === 'notStoring') return t.storingNotice(connection.message);
  return null;
}

function Rate({ looking }: Props) {
  const t = liveWords();
  const { times, values } = looking.rates.value;
  const series = useMemo(() => [{ label: t.rate, values }], [t, values]);
  const rate = looking.status.value?.events_per_second ?? 0;
  const now = grouped(rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10);
  const peak = grouped(Math.round(Math.max(0, ...values)));
  return (
    <section aria-labelledby="rate-title" class="rate">
      <div>
        <h2 id="rate-title">{t.rate}</h2>
        <p class="figure" id="rate">
          {looking.status.value === undefined ? none : now}
        </p>
        <p class="quiet">{t.peak(peak)}</p>
      </div>
      <TimeChart label={t.chart(now, peak)} times={times} series={series} heightPx={140} area />
    </section>
  );
}

function LiveTotals({ looking }: Props) {
  const t = liveWords();
  const status = looking.status.value;
  return (
    <section aria-label={t.totals}>
      <Totals
        totals={[
          [t.accepted, grouped(status?.accepted), 'accepted'],
          [t.stored, grouped(status?.stored), 'stored'],
          [t.duplicates, grouped(status?.duplicates), 'duplicates'],
          [t.late, grouped(status?.late), 'late'],
          [t.deadLetters, grouped(status?.dead_letters), 'dead_letters'],
          [t.lag, duration(status?.lag_ms), 'lag_ms'],
        ]}
      />
    </section>
  );
}

const Rollups = ({ looking }: Props) => (
  <section aria-labelledby="rollups-title">
    <h2 id="rollups-title">{liveWords().rollups}</h2>
    <div id="rollups">
      {looking.questions.map((question) => (
        <RollupCard
          key={question.name}
          question={question}
          answer={looking.cards.value.get(question.name)}
        />
      ))}
    </div>
  </section>
);

const LastEvents = ({ looking }: Props) => (
  <section aria-labelledby="events-title">
    <h2 id="events-title">{liveWords().events}</h2>
    {looking.events.value !== undefined && <EventList events={looking.events.value} />}
  </section>
);

function SendOne({ pipeline }: { readonly pipeline: PipelineDescription }) {
  const command = `curl ${location.origin}/v1/events -H 'content-type: application/json' \\\n  -d '${pipeline.example}'`;
  return (
    <section aria-labelledby="send-title">
      <h2 id="send-title">{liveWords().send}</h2>
      <Copy id="curl" text={command} />
    </section>
  );
}
