import type { Plan } from '../../plan/plan.ts';

/** The consumer group of a pipeline's loaders. */
export const loaderGroup = ({ pipeline }: Plan): string => `${pipeline}.loader`;
