import { coloursMax } from '../../parts/time-chart.tsx';
import { questionWords } from '../../question/words.ts';
import { duration, grouped, percent } from '../../words/numbers.ts';
import type { FunnelGroup, StepReached } from './funnel-groups.ts';
import { funnelWords } from './words.ts';

/** A bar for each step of each group, as long as its share of those at the first. */
export function FunnelBars({ groups }: { readonly groups: readonly FunnelGroup[] }) {
  const t = funnelWords();
  const drawn = groups.slice(0, coloursMax);
  const steps = groups[0]?.steps ?? [];
  const isOne = groups[0]?.values.length === 0;
  return (
    <figure class="card">
      <div
        class="funnel-bars"
        role="img"
        aria-label={t.chart(steps.at(0)?.event ?? '', steps.at(-1)?.event ?? '')}
      >
        {!isOne && (
          <p class="funnel-keys">
            {drawn.map(({ values }, place) => (
              <span key={String(place)} style={{ '--colour': colourAt(place) }}>
                {labelOf(values)}
              </span>
            ))}
          </p>
        )}
        {steps.map(({ step, event }, at) => (
          <div key={step} class="funnel-bar-step">
            <p>
              <b>{grouped(step)}</b> {event}
            </p>
            {drawn.map((group, place) => (
              <Bar
                key={String(place)}
                reached={group.steps[at]}
                colour={colourAt(place)}
                withMore={isOne && at > 0}
              />
            ))}
          </div>
        ))}
      </div>
      {groups.length > drawn.length && (
        <figcaption class="quiet">{t.drawn(grouped(drawn.length))}</figcaption>
      )}
    </figure>
  );
}

interface BarProps {
  readonly reached: StepReached | undefined;
  readonly colour: string;
  /** What is said of a step where there is room for it. */
  readonly withMore: boolean;
}

function Bar({ reached, colour, withMore }: BarProps) {
  const t = funnelWords();
  if (reached === undefined) return null;
  const { people, conversion, stepConversion, durationsMs } = reached;
  const half = durationsMs[0] ?? null;
  const more = [
    ...(stepConversion === null ? [] : [t.fromBefore(percent(stepConversion))]),
    ...(half === null ? [] : [t.halfAfter(duration(half))]),
  ];
  return (
    <div
      class="funnel-bar"
      style={{ '--colour': colour, '--share': `${100 * (conversion ?? 0)}%` }}
    >
      <i />
      <span>
        <b>{percent(conversion)}</b> {grouped(people)}
      </span>
      {withMore && <span class="quiet">{more.join(' · ')}</span>}
    </div>
  );
}

const colourAt = (place: number): string => `var(--series-${place + 1})`;

/** The values of a group, as it is called. */
export const labelOf = (values: FunnelGroup['values']): string =>
  values.map((value) => value ?? questionWords().absentValue).join(', ');
