/** Offsets [from, to) of one partition of the clean log. */
export interface PartitionRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** A range whose events are in the archive, each once. */
export interface ArchivedRange extends PartitionRange {
  readonly objects: readonly ArchivedObject[];
  /** How many times over it was put together from others; not at all if left out. */
  readonly level?: number;
}

export interface ArchivedObject {
  readonly name: string;
  readonly date: string;
  readonly type: string;
  readonly rows: number;
  /** Its size; where it is left out, nobody had noted it. */
  readonly bytes?: number;
}

const partitionDigits = 5;
/** The largest offset has as many, so names are in the order of offsets. */
const offsetDigits = 19;

export const padded = (value: number, digits: number): string =>
  String(value).padStart(digits, '0');

export const partitionFolder = (partition: number): string =>
  `${padded(partition, partitionDigits)}/`;

export const rangeText = ({ partition, from, to }: PartitionRange): string =>
  [padded(partition, partitionDigits), ...[from, to].map((at) => padded(at, offsetDigits))].join(
    '-',
  );

/**
 * Dates and types are in the form in which Hive, and so DuckDB and Spark, know the
 * values of a column from the path.
 */
export const objectFolder = ({ date, type }: Pick<ArchivedObject, 'date' | 'type'>): string =>
  `events/date=${date}/type=${encodeURIComponent(type)}/`;

/**
 * Where an object lies. It follows from what is in it, so whoever archives a
 * range again, after a crash or because it does not know better, writes the
 * same objects.
 */
export const objectName = (
  object: Pick<ArchivedObject, 'date' | 'type'>,
  range: PartitionRange,
): string => `${objectFolder(object)}${rangeText(range)}.parquet`;

export const rangesFolder = (partition: number): string => `ranges/${partitionFolder(partition)}`;

type RangeBegin = Pick<PartitionRange, 'partition' | 'from'>;

/** Says that a range is begun: whoever goes on from there archives exactly this. */
export const begunName = ({ partition, from }: RangeBegin): string =>
  `${rangesFolder(partition)}${padded(from, offsetDigits)}.begun.json`;

/** Says that all objects of a range are there. */
export const archivedName = ({ partition, from }: RangeBegin): string =>
  `${rangesFolder(partition)}${padded(from, offsetDigits)}.json`;

/** The offset at which a range begins, by the name that says it is there; null if it is no such name. */
export function readArchivedName(name: string): number | null {
  const [, from] = /\/(\d+)\.json$/.exec(name) ?? [];
  return from === undefined ? null : Number(from);
}
