import { createHash } from 'node:crypto';
import type { Plan } from './plan.ts';

/**
 * Tells by which definition of its events a pipeline took an event: 16 digits of
 * a digest over their types and properties, the same in each process.
 */
export const schemaVersion = ({ events }: Pick<Plan, 'events'>): string =>
  createHash('sha256').update(JSON.stringify(events)).digest('hex').slice(0, 16);
