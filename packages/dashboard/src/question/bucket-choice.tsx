import { Choice } from './choice.tsx';
import { type Every, everies, fittingEvery, type Range } from './range.ts';
import { questionWords } from './words.ts';

interface BucketChoiceProps<Other extends string> {
  /** `fitting` follows the range. */
  readonly value: Every | 'fitting' | Other;
  readonly range: Range;
  /** What there is beside buckets. */
  readonly others?: readonly (readonly [value: Other, text: string])[];
  readonly onChange: (value: Every | 'fitting' | Other) => void;
}

/** How wide the buckets are. */
export function BucketChoice<Other extends string = never>(props: BucketChoiceProps<Other>) {
  const { value, range, others = [], onChange } = props;
  const t = questionWords();
  return (
    <Choice
      label={t.bucket}
      labelled
      value={value}
      options={[
        ['fitting', t.fitting(t[fittingEvery(range)])],
        ...everies.map((every) => [every, t[every]] as const),
        ...others,
      ]}
      onChange={onChange}
    />
  );
}
