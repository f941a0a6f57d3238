import type { PipelineDescription } from '../api/pipeline.ts';
import { type Field, fieldsOf } from './fields.ts';
import { type Filter, filterText, readFilter, whereOf } from './filters.ts';

/** Which events a part of a question is about. */
export interface ChosenEvents {
  /** Types of event; none of them are all. */
  readonly from: readonly string[];
  readonly filters: readonly Filter[];
}

/** What can be asked of them. */
export const fieldsOfChosen = (
  pipeline: PipelineDescription,
  { from }: Pick<ChosenEvents, 'from'>,
): readonly Field[] =>
  fieldsOf(pipeline, from.length > 0 ? from : pipeline.events.map(({ type }) => type));

/** In an address: `NAME=view&NAME_where=price:gte:20.00`. */
export function readChosen(
  name: string,
  params: URLSearchParams,
  { events }: PipelineDescription,
): ChosenEvents {
  const named = params.getAll(name);
  return {
    from: events.map(({ type }) => type).filter((type) => named.includes(type)),
    filters: params.getAll(`${name}_where`).flatMap((text) => readFilter(text) ?? []),
  };
}

export function writeChosen(
  name: string,
  { from, filters }: ChosenEvents,
  params: URLSearchParams,
): void {
  for (const type of from) params.append(name, type);
  for (const filter of filters) params.append(`${name}_where`, filterText(filter));
}

/** Without conditions on what these events do not have. */
export function fittingChosen(chosen: ChosenEvents, pipeline: PipelineDescription): ChosenEvents {
  const fields = fieldsOfChosen(pipeline, chosen);
  return {
    ...chosen,
    filters: chosen.filters.filter(({ field }) => fields.some(({ name }) => name === field)),
  };
}

/** The `from` and `where` of a question. */
export function askedEvents(chosen: ChosenEvents, pipeline: PipelineDescription) {
  const where = whereOf(chosen.filters, fieldsOfChosen(pipeline, chosen));
  return {
    ...(chosen.from.length > 0 ? { from: chosen.from } : {}),
    ...(where === undefined ? {} : { where }),
  };
}
