/** Offsets [from, to) of one partition of the clean log. */
export interface PartitionRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** A range whose events are in the archive, each once. */
export interface ArchivedRange extends PartitionRange {
  readonly objects: readonly ArchivedObject[];
}

export interface ArchivedObject {
  readonly name: string;
  readonly date: string;
  readonly type: string;
  readonly rows: number;
}

const partitionDigits = 5;
/** The largest offset has as many, so names are in the order of offsets. */
const offsetDigits = 19;

const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');

/**
 * Where an object lies. It follows from what is in it, so whoever archives a
 * range again, after a crash or because it does not know better, writes the
 * same objects. Dates and types are in the form in which Hive, and so DuckDB and
 * Spark, know the values of a column from the path.
 */
export const objectName = (
  { date, type }: Pick<ArchivedObject, 'date' | 'type'>,
  { partition, from, to }: PartitionRange,
): string => {
  const range = [
    padded(partition, partitionDigits),
    ...[from, to].map((at) => padded(at, offsetDigits)),
  ];
  return `events/date=${date}/type=${encodeURIComponent(type)}/${range.join('-')}.parquet`;
};

export const rangesFolder = (partition: number): string =>
  `ranges/${padded(partition, partitionDigits)}/`;

type RangeBegin = Pick<PartitionRange, 'partition' | 'from'>;

/** Says that a range is begun: whoever goes on from there archives exactly this. */
export const begunName = ({ partition, from }: RangeBegin): string =>
  `${rangesFolder(partition)}${padded(from, offsetDigits)}.begun.json`;

/** Says that all objects of a range are there. */
export const archivedName = ({ partition, from }: RangeBegin): string =>
  `${rangesFolder(partition)}${padded(from, offsetDigits)}.json`;
