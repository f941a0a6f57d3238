import { useMemo } from 'preact/hooks';
import type { Answer, AnswerRow } from '../../question/answer.ts';
import { AnswerFoot } from '../../question/answer-foot.tsx';
import { AnswerTable } from '../../question/answer-table.tsx';
import { ChartCard } from '../../question/chart-card.tsx';
import { Nothing } from '../../question/nothing.tsx';
import type { Every } from '../../question/range.ts';
import { questionWords } from '../../question/words.ts';
import { type Beside, type ChartedMeasure, chartedOf } from './chart-series.ts';
import { SampleNote } from './sample-note.tsx';
import type { ExploreState } from './state.ts';
import { exploreWords } from './words.ts';

interface ExploreAnswerProps {
  readonly state: ExploreState;
  readonly answer: Answer;
  readonly every: Every | null;
}

export function ExploreAnswer({ state, answer, every }: ExploreAnswerProps) {
  // Buckets that the server filled in say nothing of any event.
  if (answer.rows.length === (answer.explanation?.rows_filled ?? 0)) return <Nothing />;
  const measures = chartedMeasures(state, answer);
  return (
    <section class="answer" aria-label={questionWords().answer}>
      {answer.sampled !== undefined && <SampleNote sampled={answer.sampled} />}
      {every !== null &&
        measures.map((measure) => (
          <MeasureChart
            key={measure.name}
            state={state}
            answer={answer}
            every={every}
            measure={measure}
            heightPx={measures.length > 1 ? 200 : 320}
          />
        ))}
      <AnswerFoot answer={answer} zone={state.zone} name={state.from.join('-')} />
      <AnswerTable answer={answer} zone={state.zone} every={every} />
    </section>
  );
}

const drawn: readonly string[] = ['int32', 'int64', 'float64', 'decimal', 'array'];

/** Those of numbers: a text has no place on an axis. */
function chartedMeasures(
  { measures, by, compare, sample }: ExploreState,
  { columns }: Answer,
): readonly ChartedMeasure[] {
  const groups = ['bucket', 'other', ...by.map((name) => name.replaceAll('.', '_'))];
  const own = columns.filter(({ name }) => !groups.includes(name));
  const beside: readonly Beside[] = sample ? ['low', 'high'] : compare ? ['previous'] : [];
  return measures.flatMap(({ levels }, place) => {
    // Each is followed by what stands beside it.
    const column = own[(1 + beside.length) * place];
    return column !== undefined && drawn.includes(column.type)
      ? [{ name: column.name, levels, beside }]
      : [];
  });
}

interface MeasureChartProps extends ExploreAnswerProps {
  readonly every: Every;
  readonly measure: ChartedMeasure;
  readonly heightPx: number;
}

function MeasureChart({ state, answer, every, measure, heightPx }: MeasureChartProps) {
  const t = questionWords();
  const bounds = exploreWords();
  const charted = useMemo(() => {
    const columns = state.by.map((name) => name.replaceAll('.', '_'));
    const group = (row: AnswerRow): string =>
      row.other === true
        ? t.others
        : columns.map((name) => String(row[name] ?? t.absentValue)).join(', ');
    const { low, high } = bounds;
    return chartedOf(answer.rows, measure, every, { group, previous: t.previous, low, high });
  }, [state, answer, every, measure.name, t, bounds]);
  return <ChartCard name={measure.name} {...charted} zone={state.zone} heightPx={heightPx} />;
}
