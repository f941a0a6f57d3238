import { markdownTable } from '../markdown.ts';
import type { ExampleServer } from './example-server.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  readonly default_type: string;
  readonly default_expression: string;
}

const about: { readonly [table: string]: string } = {
  events:
    'Every event, once. Properties are one column: `properties.value`, `properties.address.city`; what is not declared is there as well, as `properties.note`.',
  dead_letters: 'Every event that was refused, with the bytes as they came in `raw`.',
  revenue_per_minute:
    'A rollup has a view of its name: `bucket`, the dimensions, the measures finished. The table behind it carries a version, and is not for readers.',
  busy_users:
    'A window has a view of its name: each result once, written when it is final (`emitted_at`).',
};

/** `docs/reference/tables.md`: what a reader finds, as the store itself describes it. */
export async function tablesPage(server: ExampleServer): Promise<string> {
  const names = lines<{ readonly name: string }>(await ask(server, 'SHOW TABLES'));
  const parts: string[] = [];
  for (const { name } of names) {
    const columns = lines<Column>(await ask(server, `DESCRIBE TABLE ${name}`));
    parts.push(`## ${name}\n\n${about[name] ?? ''}\n\n${tableOf(columns)}`);
  }
  return `# Tables

What can be asked with \`/sql\` and \`millrace sql\`, of the pipeline
[tools/reference/example.config.ts](../../tools/reference/example.config.ts). A hidden column is
left out of \`SELECT *\`, and there for whoever names it: \`_partition\` and \`_offset\` are the place
in the log, \`appended_at\` is when the event went into it.

${parts.join('\n\n')}
`;
}

const tableOf = (columns: readonly Column[]): string =>
  markdownTable(
    ['column', 'type', ''],
    columns.map(({ name, type, default_type, default_expression }) => [
      `\`${name}\``,
      code(type.replace(/\s*\n\s*/g, ' ')),
      { MATERIALIZED: `hidden; \`${default_expression}\` unless given`, EPHEMERAL: 'written only' }[
        default_type
      ] ?? '',
    ]),
  );

/** What holds backticks itself stands between two of them. */
const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);

const ask = (server: ExampleServer, sql: string): Promise<string> =>
  server.get(`/sql?default_format=JSONEachRow&query=${encodeURIComponent(sql)}`);

const lines = <Row>(text: string): readonly Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Row => JSON.parse(line));
