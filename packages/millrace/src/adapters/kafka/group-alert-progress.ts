import { MillraceError } from '../../errors.ts';
import type { AlertProgressKeeper } from '../../ports/alert-progress.ts';
import { alertProgressIn, alertProgressText } from '../alert-progress-text.ts';
import { GroupPlace, type GroupPlaceOptions } from './group-place.ts';

/**
 * How far an alert is, beside an offset of its group that says nothing. It goes
 * from one process to another with the partition.
 */
export function groupAlertProgress(options: GroupPlaceOptions): AlertProgressKeeper {
  const place = new GroupPlace(options);
  return {
    async read() {
      const committed = await place.read();
      if (committed === null) return null;
      const progress = alertProgressIn(committed.metadata);
      if (progress) return progress;
      throw new MillraceError(
        'log_corrupt',
        `The group ${options.membership.groupId} does not hold the progress of an alert. Without it Millrace cannot know which calls were made.`,
      );
    },
    save: (progress) => place.commit({ offset: 0, metadata: alertProgressText(progress) }),
  };
}
