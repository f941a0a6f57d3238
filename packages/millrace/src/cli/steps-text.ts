import type { Step } from '../runtime/distributed/apply/step.ts';

const signs: { readonly [Kind in Step['kind']]: string } = {
  'create topic': '+',
  'configure topic': '~',
  'change tables': '~',
  'make rollup': '+',
  'fill rollup': '~',
  'show rollup': '~',
  'drop rollups': '-',
  'make window': '+',
  'fill window': '~',
  'show window': '~',
  'drop windows': '-',
  'start job': '+',
  'resume job': '+',
  'replace job': '~',
  'note job': '=',
  'remove job': '-',
  refuse: '!',
};

/** A line a step, and what it changes in detail. */
export const stepsText = (steps: readonly Step[]): string =>
  steps.length === 0
    ? 'Nothing to do: all is as the pipeline says.\n'
    : `${steps.map(stepText).join('\n')}\n\n${summary(steps)}\n`;

const stepText = (step: Step): string => {
  const details = 'details' in step ? step.details : [];
  const lines = details.map((detail) => `      ${detail}`);
  const refusal = step.kind === 'refuse' ? [`      ${step.mend} (${step.code})`] : [];
  return [`  ${signs[step.kind]} ${step.what}`, ...lines, ...refusal].join('\n');
};

const summary = (steps: readonly Step[]): string => {
  const refused = steps.filter(({ kind }) => kind === 'refuse').length;
  if (refused > 0) return `${refused} refused: nothing is done.`;
  return `${steps.length} step(s).`;
};
