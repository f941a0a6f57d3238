import type { Answer } from './answer.ts';

/**
 * An answer as RFC 4180 has it, with every digit. Text that a spreadsheet would
 * take for a formula is kept from being one by an apostrophe: what events hold
 * may come from anybody.
 */
export function csvOf({ columns, rows }: Pick<Answer, 'columns' | 'rows'>): string {
  const lines = rows.map((row) =>
    columns.map(({ name, type }) => {
      const value = row[name] ?? null;
      const text = value === null ? '' : Array.isArray(value) ? value.join(' ') : String(value);
      return quoted(isText(type) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
    }),
  );
  const head = columns.map(({ name }) => quoted(name));
  return [head, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

const isText = (type: string): boolean => type === 'string' || type === 'enum';

const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** Lets the browser keep it as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
