import type { Plan } from '../../plan/plan.ts';

export interface Topics {
  /** What collectors accepted, repeats included. */
  readonly raw: string;
  /** The same, each event once. */
  readonly clean: string;
  readonly deadLetters: string;
}

export const topicsOf = ({ pipeline }: Plan): Topics => ({
  raw: `${pipeline}.raw`,
  clean: `${pipeline}.clean`,
  deadLetters: `${pipeline}.dead_letters`,
});
