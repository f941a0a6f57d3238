import type { Answer } from '../query/answer-question.ts';
import type { AnswerRow, AnswerValue } from '../query/fill-gaps.ts';

/** Columns under their names, numbers to the right. */
export function printTable(rows: readonly AnswerRow[]): string {
  const [first] = rows;
  if (first === undefined) return 'There are no rows.\n';
  const columns = Object.keys(first).map((name) => {
    const cells = rows.map((row) => cellOf(row[name]));
    const width = Math.max(name.length, ...cells.map((cell) => cell.length));
    const isNumber = cells.every((cell) => cell === '' || /^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(cell));
    const pad = (cell: string): string => (isNumber ? cell.padStart(width) : cell.padEnd(width));
    return [name, ...cells].map(pad);
  });
  const lines = [first, ...rows].map((_, line) =>
    columns
      .map((cells) => cells[line] ?? '')
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/** What was read for a sample, in a line; none if nobody asked for one. */
export function printSampled({ sampled }: Answer): string {
  if (sampled === undefined) return '';
  if (sampled === null) return 'All was read: it is exact.\n';
  const { share, slices, slice_ms } = sampled;
  return `Read: ${slices} slices of ${slice_ms} ms, ${share} of the time. The true value lies from _low to _high in 95 of 100 answers.\n`;
}

/** How an answer came about, in lines; none if nobody asked. */
export function printExplanation({ explanation, ...answer }: Answer): string {
  if (explanation === undefined) return '';
  const { rows_read, elapsed_ms, cached } = answer;
  return [
    `${rows_read} rows, ${explanation.bytes_read} bytes read in ${elapsed_ms} ms${cached ? ', for somebody who asked before' : ''}`,
    ...explanation.tables.map(({ name, served, why }) => `${served ? '*' : ' '} ${name}: ${why}`),
    explanation.sql,
    '',
  ].join('\n');
}

const bars = '▁▂▃▄▅▆▇█';

/** A line for each group and measure: its values in their order, from the least to the greatest bar. */
export function printSparks(
  rows: readonly AnswerRow[],
  {
    groups,
    measures,
  }: { readonly groups: readonly string[]; readonly measures: readonly string[] },
): string {
  const lines = new Map<string, AnswerRow[]>();
  for (const row of rows) {
    const group = groups.map((name) => cellOf(row[name])).join(' ');
    const members = lines.get(group) ?? [];
    members.push(row);
    lines.set(group, members);
  }
  const sparks = [...lines].flatMap(([group, members]) =>
    measures.map((measure): AnswerRow => {
      const values = members.map((row) => Number(row[measure] ?? 0));
      const [least, greatest] = [Math.min(...values), Math.max(...values)];
      const range = greatest - least || 1;
      const line = values.map((value) => bars[Math.round(((value - least) / range) * 7)]).join('');
      return { group, measure, line, range: `${least} to ${greatest}` };
    }),
  );
  if (sparks.length === 0) return 'There are no rows.\n';
  const [, ...body] = printTable(sparks).split('\n');
  return groups.length === 0 ? body.map((line) => line.trimStart()).join('\n') : body.join('\n');
}

const cellOf = (value: AnswerValue | undefined): string => {
  if (value === undefined || value === null) return '';
  return typeof value === 'object'
    ? value.map((one) => cellOf(one) || '-').join(' ')
    : String(value);
};
