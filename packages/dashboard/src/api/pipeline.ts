import type { PipelineDescription } from '../../../millrace/dist/server/dashboard/describe-pipeline.js';
import { askJson } from './ask.ts';

export type { PipelineDescription };
export type RollupDescription = PipelineDescription['rollups'][number];

export const askPipeline = (signal?: AbortSignal): Promise<PipelineDescription> =>
  askJson('/dashboard/pipeline.json', signal ? { signal } : {});

/** Whether the read key may ask for a table. The server has the last word. */
export const mayAsk = ({ tables }: Pick<PipelineDescription, 'tables'>, table: string): boolean =>
  tables === null || tables.includes(table);
