import { MillraceError } from '../errors.ts';
import { type ImportFormat, importFormats } from './define-import.ts';
import type { Row } from './row.ts';
import { type Zone, zoneOf } from './zone.ts';

/** A mapping file's default export, found to be one. */
export interface CheckedDefinition {
  readonly format?: ImportFormat;
  readonly delimiter?: string;
  readonly encoding: string;
  readonly zone: Zone;
  readonly id: 'row' | 'content' | readonly string[];
  readonly event: (row: Row) => unknown;
}

const names = ['format', 'delimiter', 'encoding', 'zone', 'id', 'event'];

/** @throws MillraceError `import_invalid` naming what is wrong. */
export function checkedDefinition(given: unknown): CheckedDefinition {
  if (typeof given !== 'object' || given === null) {
    throw invalid('its default export is not a defineImport({…})');
  }
  const definition: Partial<Record<string, unknown>> = { ...given };
  for (const name of Object.keys(definition)) {
    if (!names.includes(name)) throw invalid(`${name} is none of ${names.join(', ')}`);
  }
  const { delimiter, encoding = 'utf-8', zone = 'UTC', event } = definition;
  if (!isMapping(event)) throw invalid('event is not a function');
  if (delimiter !== undefined && !(typeof delimiter === 'string' && isDelimiter(delimiter))) {
    throw invalid('delimiter is not a single character other than a quote or a line end');
  }
  if (typeof encoding !== 'string') throw invalid('encoding is not a string');
  if (typeof zone !== 'string') throw invalid('zone is not a string');
  const format = formatOf(definition.format);
  return {
    ...(format === undefined ? {} : { format }),
    ...(delimiter === undefined ? {} : { delimiter }),
    encoding,
    zone: zoneOf(zone),
    id: idOf(definition.id),
    event,
  };
}

const isMapping = (value: unknown): value is (row: Row) => unknown => typeof value === 'function';

const isDelimiter = (text: string): boolean => text.length === 1 && !'"\r\n'.includes(text);

function formatOf(given: unknown): ImportFormat | undefined {
  if (given === undefined) return undefined;
  const format = importFormats.find((each) => each === given);
  if (format === undefined) throw invalid(`format is none of ${importFormats.join(', ')}`);
  return format;
}

function idOf(given: unknown): CheckedDefinition['id'] {
  if (given === undefined || given === 'row') return 'row';
  if (given === 'content') return 'content';
  if (Array.isArray(given) && given.length > 0) {
    const columns: string[] = given.filter((name) => typeof name === 'string');
    if (columns.length === given.length) return columns;
  }
  throw invalid("id is neither 'row', nor 'content', nor a list of columns");
}

const invalid = (what: string): MillraceError =>
  new MillraceError('import_invalid', `The mapping file is not right: ${what}.`);
