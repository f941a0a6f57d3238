import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { askFlink } from '../packages/millrace/src/adapters/flink/flink-rest.ts';

interface PlanAnswer {
  readonly plan: {
    readonly nodes: readonly {
      readonly id: string;
      readonly parallelism: number;
      readonly description: string;
      readonly inputs?: readonly { readonly id: string; readonly ship_strategy: string }[];
    }[];
  };
}

/** What a job that runs is made of, from its source to its sink. */
export async function planOfJob(rest: string, job: string): Promise<string> {
  const { plan } = await askFlink<PlanAnswer>(`${rest}/jobs/${job}/plan`);
  return plan.nodes
    .toReversed()
    .map(({ parallelism, description, inputs = [] }) => {
      const from = inputs.map(({ ship_strategy }) => `${ship_strategy} from above, `).join('');
      return `-- ${from}parallelism ${parallelism}\n${plainText(description)}`;
    })
    .join('\n');
}

/** Descriptions come as HTML. */
const plainText = (html: string): string =>
  html
    .replaceAll('<br/>', '\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .trim();

/** Keeps plans beside what was written by hand. */
export function writePlans(plans: ReadonlyMap<string, string>): void {
  const file = fileURLToPath(new URL('./rivals/plans.txt', import.meta.url));
  const texts = [...plans].map(([name, plan]) => `=== ${name}\n\n${plan}\n`);
  writeFileSync(file, texts.join('\n'));
}
