import type { LiveNumbers } from '../../../../millrace/dist/observe/live.js';
import { Scrolled } from '../../parts/scrolled.tsx';
import { duration, grouped } from '../../words/numbers.ts';
import { flowWords } from './flow-words.ts';

/** The way of events through the pipeline, with how many went where. */
export function Flow({ status }: { readonly status: LiveNumbers | undefined }) {
  const t = flowWords();
  if (status === undefined) return null;
  const { accepted, stored, duplicates, late, dead_letters, lag_ms, events_per_second } = status;
  const lag = duration(lag_ms);
  const isMoving = events_per_second > 0;
  return (
    <Scrolled label={t.title}>
      <h2>{t.title}</h2>
      <svg
        class="flow"
        viewBox="0 0 760 190"
        role="img"
        aria-label={t.told(
          grouped(accepted),
          grouped(duplicates),
          grouped(dead_letters),
          grouped(stored),
          grouped(late),
          lag,
        )}
      >
        <Way from={160} to={300} y={48} isMoving={isMoving} />
        <Way from={460} to={600} y={48} isMoving={isMoving} />
        <path class="way aside" d="M80 82 V136" />
        <path class="way aside" d="M380 82 V136" />
        <path class="way aside" d="M680 82 V136" />
        <Place x={0} y={14} name={t.collector} value={grouped(accepted)} of={t.accepted} />
        <Place x={300} y={14} name={t.log} value={lag} of={t.lag} />
        <Place x={600} y={14} name={t.store} value={grouped(stored)} of={t.stored} />
        <Aside x={0} value={grouped(dead_letters)} of={t.refused} isWarning={dead_letters > 0} />
        <Aside x={300} value={grouped(duplicates)} of={t.duplicates} />
        <Aside x={600} value={grouped(late)} of={t.late} />
      </svg>
    </Scrolled>
  );
}

interface WayProps {
  readonly from: number;
  readonly to: number;
  readonly y: number;
  readonly isMoving: boolean;
}

const Way = ({ from, to, y, isMoving }: WayProps) => (
  <>
    <path class="way" data-moving={isMoving} d={`M${from} ${y} H${to - 9}`} />
    <path class="tip" d={`M${to - 10} ${y - 6} L${to - 1} ${y} L${to - 10} ${y + 6} Z`} />
  </>
);

interface PlaceProps {
  readonly x: number;
  readonly y: number;
  readonly name: string;
  readonly value: string;
  /** What the value is. */
  readonly of: string;
}

const Place = ({ x, y, name, value, of }: PlaceProps) => (
  <g>
    <rect class="place" x={x + 1} y={y} width={158} height={68} rx={8} />
    <text class="of" x={x + 80} y={y + 18}>
      {name}
    </text>
    <text class="value" x={x + 80} y={y + 40}>
      {value}
    </text>
    <text class="of" x={x + 80} y={y + 58}>
      {of}
    </text>
  </g>
);

interface AsideProps {
  readonly x: number;
  readonly value: string;
  readonly of: string;
  readonly isWarning?: boolean;
}

const Aside = ({ x, value, of, isWarning = false }: AsideProps) => (
  <g data-warning={isWarning}>
    <text class="value" x={x + 80} y={156}>
      {value}
    </text>
    <text class="of" x={x + 80} y={176}>
      {of}
    </text>
  </g>
);
