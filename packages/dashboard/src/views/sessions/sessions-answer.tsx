import { useMemo } from 'preact/hooks';
import { Totals } from '../../parts/totals.tsx';
import type { Answer } from '../../question/answer.ts';
import { AnswerFoot } from '../../question/answer-foot.tsx';
import { timeText } from '../../question/answer-table.tsx';
import { Nothing } from '../../question/nothing.tsx';
import { peopleWords } from '../../question/people-words.ts';
import { questionWords } from '../../question/words.ts';
import { duration, figure, grouped, percent } from '../../words/numbers.ts';
import { type SessionsRow, sessionRowsOf } from './session-rows.ts';
import { SessionsCharts } from './sessions-charts.tsx';
import { SessionsTable } from './sessions-table.tsx';
import { everyOf, type SessionsState } from './state.ts';
import { sessionWords } from './words.ts';

export interface SessionsAnswers {
  readonly totals: Answer;
  readonly buckets: Answer;
  readonly entries: Answer;
  readonly exits: Answer;
}

interface SessionsAnswerProps {
  readonly state: SessionsState;
  readonly answers: SessionsAnswers;
}

export function SessionsAnswer({ state, answers }: SessionsAnswerProps) {
  const t = sessionWords();
  const { zone, entry, exit } = state;
  const every = everyOf(state);
  const [totals] = sessionRowsOf(answers.totals);
  const buckets = useMemo(() => sessionRowsOf(answers.buckets), [answers]);
  if (totals === undefined || totals.sessions === 0) return <Nothing />;
  const nameOf = ({ of }: SessionsRow): string => of ?? questionWords().absentValue;
  return (
    <section class="answer" aria-label={questionWords().answer}>
      <SessionTotals totals={totals} />
      <SessionsCharts rows={buckets} every={every} zone={zone} />
      <SessionsTable
        caption={t.byEntry(entry)}
        heading={entry}
        rows={sessionRowsOf(answers.entries)}
        nameOf={nameOf}
      />
      <SessionsTable
        caption={t.byExit(exit)}
        heading={exit}
        rows={sessionRowsOf(answers.exits)}
        nameOf={nameOf}
      />
      <SessionsTable
        caption={t.byBucket}
        heading={t.begins}
        rows={buckets}
        nameOf={({ of }) => timeText(Date.parse(of ?? ''), zone, every)}
      />
      <AnswerFoot answer={answers.buckets} zone={zone} name="sessions" />
    </section>
  );
}

function SessionTotals({ totals }: { readonly totals: SessionsRow }) {
  const t = sessionWords();
  return (
    <section aria-label={t.totals}>
      <Totals
        totals={[
          [t.sessions, grouped(totals.sessions), 'sessions-sessions'],
          [peopleWords().people, grouped(totals.people), 'sessions-people'],
          [t.eventsPerSession, figure(totals.eventsPerSession), 'sessions-events'],
          [t.bounceRate, percent(totals.bounceRate), 'sessions-bounce'],
          [t.mean, duration(totals.meanMs), 'sessions-mean'],
          [t.median, duration(totals.durationsMs[0]), 'sessions-median'],
        ]}
      />
    </section>
  );
}
