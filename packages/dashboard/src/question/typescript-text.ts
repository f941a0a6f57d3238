/** The calls of `millrace/client` that make measures. */
interface TextMeasure {
  readonly kind: string;
  readonly field?: string;
  readonly levels?: readonly number[];
}

export interface TextQuestion {
  readonly measures?: { readonly [name: string]: TextMeasure };
  readonly [key: string]: unknown;
}

/** The program that asks a question, with the types of the pipeline. */
export function typescriptText(
  method: 'query' | 'funnel' | 'retention' | 'sessions' | 'live',
  question: TextQuestion,
  origin: string,
): string {
  const { measures = {}, ...rest } = question;
  const calls = [...new Set(Object.values(measures).map(({ kind }) => kind))];
  const imports = ['createClient', ...calls].sort().join(', ');
  const lines = Object.entries(rest).map(([key, value]) => `  ${keyText(key)}: ${literal(value)},`);
  const measured = Object.entries(measures).map(
    ([name, measure]) => `    ${name}: ${callText(measure)},`,
  );
  return [
    `import { ${imports} } from 'millrace/client';`,
    "import type pipeline from './millrace.config.ts';",
    '',
    `const millrace = createClient<typeof pipeline>({ url: ${literal(origin)} });`,
    `const { rows } = await millrace.${method}({`,
    ...lines,
    ...(measured.length > 0 ? ['  measures: {', ...measured, '  },'] : []),
    '});',
  ].join('\n');
}

const callText = ({ kind, field, levels }: TextMeasure): string =>
  `${kind}(${[field, levels]
    .filter((argument) => argument !== undefined)
    .map(literal)
    .join(', ')})`;

const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : stringText(key));

const stringText = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

function literal(value: unknown): string {
  if (typeof value === 'string') return stringText(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, inner]) => `${keyText(key)}: ${literal(inner)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
