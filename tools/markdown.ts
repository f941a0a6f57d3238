/** A Markdown table; a bar in a cell is escaped, a line break written so that it stays in it. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: 'text' | 'numbers' = 'text',
): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', '<br>')).join(' | ')} |`;
  // What a row is about comes first, its numbers stand one below the other.
  const rule = head.map((_, column) => (align === 'text' || column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
