import { Scrolled } from '../../parts/scrolled.tsx';
import type { AnswerColumn } from '../../question/answer.ts';
import { peopleWords } from '../../question/people-words.ts';
import { questionWords } from '../../question/words.ts';
import { duration, grouped, percent } from '../../words/numbers.ts';
import type { FunnelGroup } from './funnel-groups.ts';
import { funnelWords } from './words.ts';

interface FunnelTableProps {
  readonly groups: readonly FunnelGroup[];
  readonly columns: readonly AnswerColumn[];
}

export function FunnelTable({ groups, columns }: FunnelTableProps) {
  const t = funnelWords();
  const by = columns.slice(0, groups[0]?.values.length ?? 0);
  return (
    <Scrolled label={t.table} framed>
      <table id="funnel-table">
        <caption class="hidden-visually">{t.table}</caption>
        <thead>
          <tr>
            {by.map(({ name }) => (
              <th key={name} scope="col" data-kind="text">
                {name}
              </th>
            ))}
            <th scope="col">{t.number}</th>
            <th scope="col" data-kind="text">
              {t.event}
            </th>
            <th scope="col">{peopleWords().people}</th>
            <th scope="col">{t.ofFirst}</th>
            <th scope="col">{t.ofBefore}</th>
            <th scope="col">{t.median}</th>
            <th scope="col">{t.nineTenths}</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group, place) => (
            <GroupRows key={String(place)} {...group} />
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}

const GroupRows = ({ values, steps }: FunnelGroup) => (
  <>
    {steps.map(({ step, event, people, conversion, stepConversion, durationsMs }) => (
      <tr key={step}>
        {values.map((value, at) => (
          // A column is its place.
          <th key={String(at)} scope="row" data-kind="text">
            {value ?? questionWords().absentValue}
          </th>
        ))}
        <td>{grouped(step)}</td>
        <th scope="row" data-kind="text">
          {event}
        </th>
        <td>{grouped(people)}</td>
        <td>{percent(conversion)}</td>
        <td>{percent(stepConversion)}</td>
        {durationsMs.map((ms, level) => (
          <td key={String(level)}>{duration(ms)}</td>
        ))}
      </tr>
    ))}
  </>
);
