import { figure } from '../../words/numbers.ts';
import type { CardQuestion } from './rollup-questions.ts';
import { liveWords } from './words.ts';

export type CardRow = readonly [label: string | null, ...values: unknown[]];

export interface CardAnswer {
  readonly rows: readonly CardRow[];
  /** Why there are no newer ones. */
  readonly problem: string | null;
}

interface RollupCardProps {
  readonly question: CardQuestion;
  readonly answer: CardAnswer | undefined;
}

export function RollupCard({ question, answer }: RollupCardProps) {
  const t = liveWords();
  const { name, rollup, span, heading } = question;
  const columns = rollup === null ? [t.columnEvents] : question.columns;
  const rows = answer?.rows ?? [];
  const largest = Math.max(...rows.map(([, first]) => Number(first)));
  return (
    <div class="card">
      <table>
        <caption>
          <span class="name">{name}</span>
          <span class="quiet">
            {rollup === null ? t.refusals : aboutOf(rollup.every, rollup.from, t[span])}
          </span>
        </caption>
        <thead>
          <tr>
            <th scope="col">{rollup === null ? t.code : (heading ?? t.all)}</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, ...values], i) => (
            // A row is a place: its label changes.
            <tr key={i}>
              <th
                scope="row"
                title={label ?? ''}
                style={{ '--share': `${shareOf(Number(values[0]), largest)}%` }}
              >
                {label === null && heading === null ? t.all : label || t.none}
              </th>
              {columns.map((column, place) => (
                <td key={column}>{figure(values[place])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">
        {answer?.problem ?? (answer !== undefined && rows.length === 0 ? t.nothing : '')}
      </p>
    </div>
  );
}

function shareOf(value: number, largest: number): number {
  const share = (100 * value) / largest;
  return Number.isFinite(share) ? Math.max(share, 0) : 0;
}

function aboutOf(every: string, from: readonly string[], span: string): string {
  const t = liveWords();
  const steps: { readonly [every: string]: string } = {
    second: t.second,
    minute: t.minute,
    hour: t.hour,
    day: t.day,
    week: t.week,
    month: t.month,
  };
  return t.about(steps[every] ?? every, from.join(', '), span);
}
