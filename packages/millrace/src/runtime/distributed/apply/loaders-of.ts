import type { GroupState, TopicState } from '../../../adapters/kafka/topic-admin.ts';
import type { Actual } from './cluster.ts';

/**
 * How loaders are doing, as their group says.
 *
 * @param loaded the topics that they load now: what one began of another will never be repeated.
 */
export const loadersOf = (
  { members, offsets }: GroupState,
  clean: TopicState | undefined,
  loaded: readonly string[],
): Actual['loaders'] => ({
  running: members,
  inserting: offsets.some(({ topic, metadata }) => loaded.includes(topic) && metadata !== ''),
  stored: (clean?.ranges ?? []).map(({ start }, partition) => {
    const at = offsets.find((one) => one.topic === clean?.name && one.partition === partition);
    return at === undefined || at.offset < 0 ? start : at.offset;
  }),
});
