import { avg, count, definePipeline, max, min, quantiles, sum, uniq, window } from '../../index.ts';
import { everyKind } from './every-kind.suite.ts';

const { sale, refund, ping } = everyKind.events;

/** A pipeline with windows of every kind, and every kind of measure, dimension and condition in them. */
export const everyWindow = definePipeline({
  name: 'every_window',
  events: { sale, refund, ping },
  lateness: '4s',
  windows: [
    window('by_kind', {
      from: ['sale', 'refund'],
      tumbling: '2s',
      by: ['kind', 'place.city'],
      measures: {
        n: count(),
        small: sum('small'),
        big: sum('big'),
        ratio: sum('ratio'),
        money: sum('money'),
        big_mean: avg('big'),
        money_mean: avg('money'),
        money_q: quantiles('money', [0.5, 0.99]),
      },
    }),
    window('by_number', {
      from: ['sale', 'refund', 'ping'],
      hopping: { size: '6s', every: '2s' },
      by: ['small', 'flag'],
      where: { or: [{ type: 'ping' }, { user_id: { ne: 'u0' } }] },
      measures: {
        n: count(),
        first: min('timestamp'),
        text_min: min('text'),
        text_max: max('text'),
        at_max: max('at'),
        ratio_min: min('ratio'),
        users: uniq('user_id'),
        kinds: uniq('kind'),
        moneys: uniq('money'),
        keys: uniq('key'),
      },
    }),
    window('all_together', {
      from: ['sale', 'refund', 'ping'],
      hopping: { size: '3s', every: '1s' },
      measures: {
        n: count(),
        fine: sum('fine'),
        ids: uniq('event_id'),
        ratio_q: quantiles('ratio', [0.01, 0.5, 0.99]),
        fine_q: quantiles('fine', [0.1, 0.9]),
        big_q: quantiles('big', [0.25]),
      },
      having: { n: { gte: 3 }, fine: { ne: '0.000000000000000000' } },
    }),
    window('visits', {
      from: ['sale', 'refund', 'ping'],
      session: { gap: '1500ms', max: '7s' },
      by: ['user_id'],
      measures: {
        n: count(),
        first: min('timestamp'),
        last: max('timestamp'),
        money: sum('money'),
        texts: uniq('text'),
        small_q: quantiles('small', [0.5]),
      },
    }),
    window('activity', {
      from: 'ping',
      session: { gap: '1s', max: '20s' },
      measures: { n: count(), last: max('timestamp') },
      having: { n: { gt: 1 } },
    }),
  ],
});
