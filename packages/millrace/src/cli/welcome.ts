import { exampleEvent } from '../plan/example-event.ts';
import type { Running } from '../runtime/serve-embedded.ts';

/** What a person sees once the pipeline runs: where it is, what is new, and what to try. */
export function welcome({ url, plan, changes, folder }: Running): string {
  const news = changes.map(({ place, message }) => `  ${place}: ${message}\n`).join('');

  const [rollup] = plan.rollups;
  const question = rollup
    ? `SELECT * FROM ${rollup.name} ORDER BY bucket DESC LIMIT 5`
    : 'SELECT type, count() FROM events GROUP BY type';
  return `
Millrace runs the pipeline ${plan.pipeline} at ${url}  (data in ${folder})
${news && `\nChanged since the last start\n${news}`}
  See it live       ${url}/
  Send an event     curl ${url}/v1/events -H 'content-type: application/json' \\
                      -d '${exampleEvent(plan)}'
  Ask a question    curl '${url}/sql?default_format=PrettyCompact' -d '${question}'
  How is it doing   curl ${url}/v1/status

`;
}
