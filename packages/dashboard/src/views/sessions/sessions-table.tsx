import { Scrolled } from '../../parts/scrolled.tsx';
import { peopleWords } from '../../question/people-words.ts';
import { duration, figure, grouped, percent } from '../../words/numbers.ts';
import type { SessionsRow } from './session-rows.ts';
import { sessionWords } from './words.ts';

interface SessionsTableProps {
  readonly caption: string;
  /** Of the first column. */
  readonly heading: string;
  readonly rows: readonly SessionsRow[];
  readonly nameOf: (row: SessionsRow) => string;
}

export function SessionsTable({ caption, heading, rows, nameOf }: SessionsTableProps) {
  const t = sessionWords();
  return (
    <Scrolled label={caption} framed>
      <table>
        <caption class="sessions-caption">{caption}</caption>
        <thead>
          <tr>
            <th scope="col" data-kind="text">
              {heading}
            </th>
            <th scope="col">{t.sessions}</th>
            <th scope="col">{peopleWords().people}</th>
            <th scope="col">{t.eventsPerSession}</th>
            <th scope="col">{t.bounceRate}</th>
            <th scope="col">{t.mean}</th>
            <th scope="col">{t.median}</th>
            <th scope="col">{t.nineTenths}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={String(place)}>
              <th scope="row" data-kind="text">
                {nameOf(row)}
              </th>
              <td>{grouped(row.sessions)}</td>
              <td>{grouped(row.people)}</td>
              <td>{figure(row.eventsPerSession)}</td>
              <td>{percent(row.bounceRate)}</td>
              <td>{duration(row.meanMs)}</td>
              {row.durationsMs.map((ms, level) => (
                // A level is its place.
                <td key={String(level)}>{duration(ms)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}
