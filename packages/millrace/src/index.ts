export { type AlertDefinition, type AlertOptions, alert } from './define/alert.ts';
export type { Duration } from './define/duration.ts';
export { type EventDefinition, type EventOptions, event } from './define/event.ts';
export {
  avg,
  count,
  type Measure,
  type Measures,
  max,
  min,
  quantiles,
  sum,
  uniq,
} from './define/measure.ts';
export { definePipeline, type Pipeline } from './define/pipeline.ts';
export * from './define/property.ts';
export { type Every, type RollupDefinition, type RollupOptions, rollup } from './define/rollup.ts';
export type {
  AnyPipeline,
  EventInput,
  EventName,
  EventRow,
  RollupName,
  RollupRow,
  WindowName,
  WindowRow,
} from './define/rows.ts';
export type { Predicate, Where } from './define/where.ts';
export { type WindowDefinition, type WindowOptions, window } from './define/window.ts';
export {
  type AnyEventInput,
  defineImport,
  type ImportDefinition,
  type ImportFormat,
} from './import/define-import.ts';
export type { CellReaders, Row } from './import/row.ts';
