import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { colourOf, colours } from '../theme.ts';
import { locale } from '../words/language.ts';
import { figure, none } from '../words/numbers.ts';

export interface Series {
  readonly label: string;
  /** One for each time; null leaves a gap. */
  readonly values: readonly (number | null)[];
  /** The place of the series whose colour it has, as a broken line. */
  readonly besideOf?: number;
}

export interface TimeChartProps {
  /** What is seen, for those who cannot see it. */
  readonly label: string;
  /** Seconds since the epoch, ascending. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** IANA; the browser's own without it. */
  readonly zone?: string;
  readonly heightPx?: number;
  /** Names and values under the cursor, below the chart. */
  readonly legend?: boolean;
  /** Fills what is below a single line. */
  readonly area?: boolean;
}

/** So many series can be told apart; further ones begin again. */
export const coloursMax = 8;
const defaultHeightPx = 280;

/** Lines over time. Give what they show as a table, too: a canvas cannot be read aloud. */
export function TimeChart(props: TimeChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  // Signals read here render, and so draw, again.
  const drawnAnew = [
    colours.value,
    locale.value,
    props.zone,
    props.heightPx,
    props.legend,
    props.area,
    ...props.series.flatMap(({ label, besideOf }) => [label, besideOf]),
  ];
  const drawn = useRef<string | undefined>(undefined);
  const key = JSON.stringify(drawnAnew);

  useEffect(() => {
    if (place.current === null) return;
    const data: uPlot.AlignedData = [
      [...props.times],
      ...props.series.map(({ values }) => [...values]),
    ];
    if (plot.current !== undefined && drawn.current === key) {
      plot.current.setData(data);
      return;
    }
    plot.current?.destroy();
    plot.current = new uPlot(optionsOf(props, place.current), data, place.current);
    drawn.current = key;
  }, [key, props.times, props.series]);

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({
        width: element.clientWidth,
        height: props.heightPx ?? defaultHeightPx,
      }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);

  return <div class="time-chart" ref={place} role="img" aria-label={props.label} />;
}

function optionsOf(props: TimeChartProps, element: HTMLElement): uPlot.Options {
  const { series, zone, heightPx = defaultHeightPx, legend = false, area = false } = props;
  const soft = colourOf(element, 'soft');
  const rule = colourOf(element, 'rule');
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: soft, font, grid: { stroke: rule, width: 1 }, ticks: { show: false } };
  const seriesColour = (index: number): string =>
    colourOf(element, `series-${(index % coloursMax) + 1}`);
  return {
    width: element.clientWidth,
    height: heightPx,
    ...(zone === undefined ? {} : { tzDate: (s: number) => uPlot.tzDate(new Date(s * 1e3), zone) }),
    legend: { show: legend },
    cursor: { points: { size: 6 } },
    scales: { y: { range: (_plot, min, max) => rangeOf(min, max) } },
    axes: [
      { ...axis, values: timeLabels(zone), space: 72 },
      {
        ...axis,
        size: (_plot, values) => 12 + 7.2 * Math.max(2, ...(values ?? []).map((v) => v.length)),
        values: (_plot, ticks) => ticks.map(compact),
      },
    ],
    series: [
      { value: (_plot, s) => (s === null ? none : fullTime(s, zone)) },
      ...series.map(({ label, besideOf }, index) => {
        const colour = seriesColour(besideOf ?? index);
        return {
          label,
          stroke: colour,
          width: 1.5,
          ...(besideOf === undefined ? {} : { dash: [4, 4] }),
          ...(area ? { fill: colourOf(element, 'wash') } : {}),
          points: { size: 4 },
          value: (_plot: uPlot, value: number | null) => figure(value),
        };
      }),
    ],
  };
}

/** From zero, unless there is less than that: heights can be compared. */
function rangeOf(min: number | null, max: number | null): [number, number] {
  const low = Math.min(0, min ?? 0);
  const high = Math.max(0, max ?? 0);
  return low === high ? [0, 1] : [low * 1.08, high * 1.08];
}

const compact = (value: number): string =>
  new Intl.NumberFormat(locale.peek(), {
    notation: Math.abs(value) >= 10_000 ? 'compact' : 'standard',
    maximumSignificantDigits: 4,
  }).format(value);

const inZone = (zone: string | undefined): Intl.DateTimeFormatOptions =>
  zone === undefined ? {} : { timeZone: zone };

const dayS = 86_400;

/** Clock times within days, dates between them. */
function timeLabels(zone: string | undefined) {
  const format = (options: Intl.DateTimeFormatOptions): ((s: number) => string) => {
    const made = new Intl.DateTimeFormat(locale.peek(), { ...inZone(zone), ...options });
    return (s) => made.format(s * 1e3);
  };
  const date = format({ month: 'short', day: 'numeric' });
  const month = format({ month: 'short', year: 'numeric' });
  const minute = format({ hour: '2-digit', minute: '2-digit', hour12: false });
  const second = format({
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
  return (_plot: uPlot, ticks: number[], _axis: number, _space: number, step: number): string[] => {
    if (step >= 28 * dayS) return ticks.map(month);
    if (step >= dayS) return ticks.map(date);
    return ticks.map(step >= 60 ? minute : second);
  };
}

const fullTime = (s: number, zone: string | undefined): string =>
  new Intl.DateTimeFormat(locale.peek(), {
    ...inZone(zone),
    dateStyle: 'medium',
    timeStyle: 'medium',
    hour12: false,
  }).format(s * 1e3);
