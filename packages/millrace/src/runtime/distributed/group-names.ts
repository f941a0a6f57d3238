import type { Plan } from '../../plan/plan.ts';

/** The consumer group of a pipeline's loaders. */
export const loaderGroup = ({ pipeline }: Plan): string => `${pipeline}.loader`;

/** That of its gates. */
export const gateGroup = ({ pipeline }: Plan): string => `${pipeline}.gate`;

/** That of its archivers. */
export const archiverGroup = ({ pipeline }: Plan): string => `${pipeline}.archiver`;
