import type { AlertPlan, Plan } from '../../plan/plan.ts';

/** The consumer group of a pipeline's loaders. */
export const loaderGroup = ({ pipeline }: Plan): string => `${pipeline}.loader`;

/** That of its gates. */
export const gateGroup = ({ pipeline }: Plan): string => `${pipeline}.gate`;

/** That of its archivers. */
export const archiverGroup = ({ pipeline }: Plan): string => `${pipeline}.archiver`;

/** That of the processes which may call an alert's webhook. */
export const alertGroup = ({ name }: AlertPlan, { pipeline }: Plan): string =>
  `${pipeline}.alert.${name}`;
