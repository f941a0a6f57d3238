import { join, type Report, shown, type UnknownRecord } from '../contradiction.ts';
import { bucketsOf, sampleBounds, samplingOf } from './sampling.ts';
import type { SeriesQuestion } from './series.ts';

const [least, greatest] = [1 / sampleBounds.oneInMax, 1 / sampleBounds.oneInMin];

export const readSample = (value: unknown, report: Report): SeriesQuestion['sample'] => {
  if (value === undefined) return null;
  if (value === 'auto') return value;
  if (typeof value === 'number' && value >= least && value <= greatest)
    return Math.round(1 / value);
  report(
    'bad_value',
    'sample',
    `This is ${shown(value)}.`,
    `Say auto, or a share from ${least} to ${greatest}.`,
  );
  return null;
};

/** A part of the time says nothing of some numbers of the whole, and there must be a whole. */
export const checkSample = (
  question: SeriesQuestion,
  asked: UnknownRecord,
  report: Report,
): void => {
  const { sample, sinceMs, untilMs, measures } = question;
  if (sample === null) return;
  for (const { name, kind } of measures)
    if (kind === 'min' || kind === 'max' || kind === 'uniq')
      report(
        'bad_value',
        join('measures', name),
        `What ${kind} is of a part of the time says too little of what it is of all.`,
        'Ask for it without sample.',
      );
  for (const key of ['other', 'compare', 'fill'])
    if (asked[key] !== undefined && asked[key] !== false)
      report('bad_value', key, 'This goes only with answers that are whole.', 'Leave out one.');
  if (sinceMs === null || untilMs === null) {
    report(
      'bad_value',
      'sample',
      'Only a range between two times can be sampled.',
      'Give since and until.',
    );
    return;
  }
  const buckets = bucketsOf(question);
  if (buckets > sampleBounds.bucketsMax)
    report(
      'out_of_bounds',
      'sample',
      `These are ${buckets} buckets, and each needs a sample of its own.`,
      `Ask for at most ${sampleBounds.bucketsMax}: a shorter range, or wider buckets.`,
    );
  else if (samplingOf(question, sample === 'auto' ? sampleBounds.oneInMin : sample) === null)
    report(
      'out_of_bounds',
      'sample',
      'The slices of so short a range would be shorter than a millisecond.',
      'Ask for a longer range, or a greater share.',
    );
};
