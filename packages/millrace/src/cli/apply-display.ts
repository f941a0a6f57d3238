import type { ApplyOptions } from '../runtime/distributed/apply/apply.ts';
import { ReplayProgress } from './replay-progress.ts';
import { stepsText } from './steps-text.ts';

type Told = Pick<ApplyOptions, 'onSteps' | 'onStep' | 'tell' | 'onFill'>;

/** Shows what is done to a cluster, step by step, and how far each fill is. */
export function applyDisplay(): Told & { readonly end: (steps: number) => void } {
  const begunMs = performance.now();
  const progress = new ReplayProgress(process.stdout);
  const line = (text: string): void => {
    progress.clear();
    process.stdout.write(`${text}\n`);
  };
  return {
    onSteps: (steps) => process.stdout.write(stepsText(steps)),
    onStep: ({ what }) => line(`${what} …`),
    tell: (sentence) => line(`  ${sentence}`),
    onFill: (what, done, of) => progress.show([{ what: `  ${what}`, done, of }]),
    end(steps) {
      if (steps === 0) return;
      const seconds = ((performance.now() - begunMs) / 1_000).toFixed(1);
      line(`Applied: ${steps} step(s) in ${seconds} s.`);
    },
  };
}
