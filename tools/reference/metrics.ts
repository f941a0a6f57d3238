import { collectorMetrics } from '../../packages/millrace/src/observe/collector-metrics.ts';
import { kindOf, metrics } from '../../packages/millrace/src/observe/metrics.ts';
import { markdownTable } from '../markdown.ts';

/** `docs/reference/metrics.md`: what `/metrics` answers. */
export const metricsPage = (): string => `# Metrics

\`GET /metrics\` answers in Prometheus's text format, with the read key. Counters are of the whole
life of the data folder, so a restart does not set them back.

${markdownTable(
  ['metric', 'kind', 'meaning'],
  metrics.map(({ name, help }) => [`\`${name}\``, kindOf(name), help]),
)}

A collector of a cluster answers with these, counted since it was started:

${markdownTable(
  ['metric', 'kind', 'meaning'],
  collectorMetrics.map(({ name, help }) => [`\`${name}\``, kindOf(name), help]),
)}
`;
