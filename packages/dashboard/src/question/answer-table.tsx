import { useEffect, useState } from 'preact/hooks';
import { Scrolled } from '../parts/scrolled.tsx';
import { locale } from '../words/language.ts';
import { figure, grouped, none } from '../words/numbers.ts';
import type { Answer, AnswerColumn, AnswerRow } from './answer.ts';
import type { Every } from './range.ts';
import { questionWords } from './words.ts';

const pageRows = 50;
const numbers: readonly string[] = ['int32', 'int64', 'float64', 'decimal', 'array'];

interface AnswerTableProps {
  readonly answer: Answer;
  readonly zone: string;
  readonly every: Every | null;
  /** What a column is called, where not by its name. */
  readonly nameOf?: (column: string) => string;
}

/** The rows of an answer, so many at a time. */
export function AnswerTable({ answer, zone, every, nameOf = (name) => name }: AnswerTableProps) {
  const t = questionWords();
  const { rows } = answer;
  // Which row is that of all others its fields say.
  const columns = answer.columns.filter(({ name }) => name !== 'other');
  const [start, setStart] = useState(0);
  useEffect(() => setStart(0), [answer]);
  const shown = rows.slice(start, start + pageRows);
  return (
    <div>
      <Scrolled label={t.table} framed>
        <table>
          <caption class="hidden-visually">{t.table}</caption>
          <thead>
            <tr>
              {columns.map(({ name, type }) => (
                <th key={name} scope="col" data-kind={numbers.includes(type) ? 'number' : 'text'}>
                  {nameOf(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, place) => (
              <tr key={String(place)}>
                {columns.map((column) => (
                  <td
                    key={column.name}
                    data-kind={numbers.includes(column.type) ? 'number' : 'text'}
                  >
                    {cellText(column, row, zone, every)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolled>
      {rows.length > pageRows && (
        <p class="pages">
          <button type="button" disabled={start === 0} onClick={() => setStart(start - pageRows)}>
            {t.before}
          </button>
          <span role="status">
            {t.rowsShown(grouped(start + 1), grouped(start + shown.length), grouped(rows.length))}
          </span>
          <button
            type="button"
            disabled={start + pageRows >= rows.length}
            onClick={() => setStart(start + pageRows)}
          >
            {t.next}
          </button>
        </p>
      )}
    </div>
  );
}

function cellText(
  { name, type }: AnswerColumn,
  row: AnswerRow,
  zone: string,
  every: Every | null,
): string {
  const value = row[name] ?? null;
  if (value === null) return numbers.includes(type) || type === 'timestamp' ? none : groupText(row);
  if (type === 'timestamp')
    return timeText(Date.parse(String(value)), zone, name === 'bucket' ? every : null);
  return numbers.includes(type) ? figure(value) : String(value);
}

/** The row of all other groups has no values of theirs; nor has a group whose field is absent. */
const groupText = (row: AnswerRow): string =>
  row.other === true ? questionWords().others : questionWords().absentValue;

/** The first instant of a bucket, as exactly as its width asks for. */
export function timeText(ms: number, zone: string, every: Every | null): string {
  const isDate = every === 'day' || every === 'week' || every === 'month';
  return new Intl.DateTimeFormat(locale.value, {
    timeZone: zone,
    dateStyle: 'medium',
    ...(isDate ? {} : { timeStyle: every === 'minute' || every === 'hour' ? 'short' : 'medium' }),
    hourCycle: 'h23',
  }).format(ms);
}
