import type { ProgressKeeper } from '../../ports/progress.ts';
import { GroupPlace, type GroupPlaceOptions } from './group-place.ts';
import { intentsIn, metadataOf } from './intent-metadata.ts';

export interface GroupProgressOptions extends GroupPlaceOptions {
  /** Where to begin when the group has committed nothing yet. */
  readonly start: number;
}

/**
 * How far a consumer group is with one partition: its committed offset, and
 * beside it, as the commit's metadata, the ranges that were begun.
 */
export function groupProgress({ start, ...options }: GroupProgressOptions): ProgressKeeper {
  const place = new GroupPlace(options);
  const save: ProgressKeeper['save'] = ({ committed, intents }) =>
    place.commit({ offset: committed, metadata: metadataOf(intents) });
  return {
    async read() {
      const found = await place.read();
      const progress = {
        committed: found?.offset ?? start,
        intents: intentsIn(found?.metadata),
      };
      // Who lost the partition is told how far it is all the same, by then of the work of
      // another, who may not know of an intent whose commit got no answer. It is not ours
      // to insert: a commit says so.
      await save(progress);
      return progress;
    },
    save,
  };
}
