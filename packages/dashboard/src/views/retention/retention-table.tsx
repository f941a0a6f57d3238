import { Scrolled } from '../../parts/scrolled.tsx';
import { timeText } from '../../question/answer-table.tsx';
import { peopleWords } from '../../question/people-words.ts';
import { grouped, percent } from '../../words/numbers.ts';
import { allCohorts, type Cohort, type Period } from './cohorts.ts';
import type { CohortWidth } from './state.ts';
import { retentionWords } from './words.ts';

interface RetentionTableProps {
  readonly cohorts: readonly Cohort[];
  readonly every: CohortWidth;
  readonly zone: string;
}

export function RetentionTable({ cohorts, every, zone }: RetentionTableProps) {
  const t = retentionWords();
  const all = allCohorts(cohorts);
  const numberOf = { day: t.dayNumber, week: t.weekNumber, month: t.monthNumber }[every];
  return (
    <Scrolled label={t.table} framed>
      <table id="retention-table">
        <caption class="hidden-visually">{t.table}</caption>
        <thead>
          <tr>
            <th scope="col">{t.cohort}</th>
            <th scope="col">{peopleWords().people}</th>
            {all.map((_, period) => (
              // A column is its place.
              <th key={String(period)} scope="col">
                {numberOf(grouped(period))}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <CohortRow
            name={t.all}
            people={cohorts.reduce((sum, { people }) => sum + people, 0)}
            periods={all}
            length={all.length}
          />
          {cohorts.map(({ startMs, people, periods }) => (
            <CohortRow
              key={startMs}
              name={timeText(startMs, zone, every)}
              people={people}
              periods={periods}
              length={all.length}
            />
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}

interface CohortRowProps {
  readonly name: string;
  readonly people: number;
  readonly periods: readonly Period[];
  /** Of the table: what has not begun is empty. */
  readonly length: number;
}

const CohortRow = ({ name, people, periods, length }: CohortRowProps) => (
  <tr>
    <th scope="row">{name}</th>
    <td>{grouped(people)}</td>
    {Array.from({ length }, (_, period) => (
      <PeriodCell key={String(period)} period={periods[period]} />
    ))}
  </tr>
);

const PeriodCell = ({ period }: { readonly period: Period | undefined }) =>
  period === undefined ? (
    <td />
  ) : (
    <td class="shaded" style={{ '--share': `${100 * (period.share ?? 0)}%` }}>
      {percent(period.share)} <small>{grouped(period.returned)}</small>
    </td>
  );
