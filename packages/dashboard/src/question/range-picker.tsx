import { Choice } from './choice.tsx';
import {
  fittingEvery,
  type Range,
  type Span,
  spans,
  timesOf,
  wallMs,
  wallText,
  zones,
} from './range.ts';
import { TypedInput } from './typed-input.tsx';
import { questionWords } from './words.ts';

interface RangePickerProps {
  readonly range: Range;
  readonly zone: string;
  readonly onRange: (range: Range) => void;
  readonly onZone: (zone: string) => void;
}

/** When: up to now, or between two times as a clock of the zone shows them. */
export function RangePicker({ range, zone, onRange, onZone }: RangePickerProps) {
  const t = questionWords();
  const options: readonly (readonly [Span | 'custom', string])[] = [
    ...spans.map((span) => [span, t[span]] as const),
    ['custom', t.custom],
  ];
  return (
    <>
      <Choice
        label={t.range}
        labelled
        value={'span' in range ? range.span : 'custom'}
        options={options}
        onChange={(chosen) =>
          onRange(
            chosen === 'custom'
              ? timesOf(range, fittingEvery(range), zone, Date.now())
              : { span: chosen },
          )
        }
      />
      {'sinceMs' in range && (
        <>
          <Time
            label={t.since}
            ms={range.sinceMs}
            zone={zone}
            onChange={(sinceMs) => sinceMs < range.untilMs && onRange({ ...range, sinceMs })}
          />
          <Time
            label={t.until}
            ms={range.untilMs}
            zone={zone}
            onChange={(untilMs) => range.sinceMs < untilMs && onRange({ ...range, untilMs })}
          />
        </>
      )}
      <Choice
        label={t.zone}
        labelled
        value={zone}
        options={(zones.includes(zone) ? zones : [zone, ...zones]).map((one) => [one, one])}
        onChange={onZone}
      />
    </>
  );
}

interface TimeProps {
  readonly label: string;
  readonly ms: number;
  readonly zone: string;
  readonly onChange: (ms: number) => void;
}

const Time = ({ label, ms, zone, onChange }: TimeProps) => (
  <TypedInput
    label={label}
    labelled
    attributes={{ type: 'datetime-local', step: 1 }}
    value={wallText(ms, zone)}
    onTyped={(text) => {
      const changed = wallMs(text, zone);
      if (!Number.isNaN(changed)) onChange(changed);
    }}
  />
);
