import type { PersonField } from '../define/person.ts';
import type { AnyPipeline, EventName } from '../define/rows.ts';
import type { TypedEvents } from './typed-events.ts';
import type { AskedOfAll } from './typed-question.ts';

/** What happens now. */
export interface TypedLive<P extends AnyPipeline, From extends EventName<P>>
  extends Pick<AskedOfAll, 'age' | 'explain'>,
    TypedEvents<P, From> {
  /** How many, the one under way among them: 1 to 1,440. Default 30. */
  readonly minutes?: number;
  /** Whose events belong together. Default `user_id`. */
  readonly per?: PersonField;
}

/** One minute, empty ones too; or, in the first row, all of them. */
export interface LiveRow {
  /** When the minute begins; null in the row of all. */
  readonly bucket: Date | null;
  readonly events: bigint;
  /** Different ones. */
  readonly people: bigint;
}
