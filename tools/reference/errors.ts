import { refusals } from '../../packages/millrace/src/collect/refusals.ts';
import { errors } from '../../packages/millrace/src/errors.ts';
import { markdownTable } from '../markdown.ts';

/** `docs/reference/errors.md`: every code there is. */
export const errorsPage = (): string => `# Errors

A code never changes its meaning. The sentence beside it may, so compare codes.

## A request, a command or a start that fails

Over HTTP the answer is \`{ "error": { "code", "message", "mend" } }\` with the status below;
the command prints the same and ends with 1. 429 and 503 carry \`Retry-After\`: the same
request may be sent again, and nothing is stored twice. What \`/sql\` refuses has the
codes of a ClickHouse server instead, such as \`READONLY\` (164), in \`X-ClickHouse-Exception-Code\`.

${markdownTable(
  ['code', 'status', 'what to do'],
  Object.entries(errors).map(([code, { status, mend }]) => [`\`${code}\``, String(status), mend]),
)}

## One event that is refused

The others of its request are accepted, and the answer is 200 all the same: \`rejected\` names
the index, the event id, the code and a sentence with the place. The event is kept as it came
in \`dead_letters\`, with the same code.

${markdownTable(
  ['code', 'meaning'],
  Object.entries(refusals).map(([code, meaning]) => [`\`${code}\``, meaning]),
)}
`;
