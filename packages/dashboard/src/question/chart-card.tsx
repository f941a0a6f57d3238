import { TimeChart, type TimeChartProps } from '../parts/time-chart.tsx';
import { questionWords } from './words.ts';

type ChartCardProps = Pick<TimeChartProps, 'times' | 'series' | 'heightPx'> & {
  /** Of what is drawn. */
  readonly name: string;
  readonly zone: string;
};

/** A part of an answer over time, under its name. */
export const ChartCard = ({ name, ...chart }: ChartCardProps) => (
  <figure class="card">
    <figcaption class="name">{name}</figcaption>
    <TimeChart label={questionWords().chartOf(name)} {...chart} legend />
  </figure>
);
