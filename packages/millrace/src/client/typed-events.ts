import type { AnyPipeline, EventName } from '../define/rows.ts';
import type { Where } from '../define/where.ts';

/** Which events a part of a question is about. */
export interface TypedEvents<P extends AnyPipeline, From extends EventName<P>> {
  /** Event types. Default: all. */
  readonly from?: From | readonly From[];
  readonly where?: Where<P['events'], NoInfer<From>>;
}
