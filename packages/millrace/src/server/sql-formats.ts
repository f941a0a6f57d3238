/** The formats an answer may have, and the content type ClickHouse gives each. */
const contentTypes: { readonly [format: string]: string } = {
  ...each('text/tab-separated-values; charset=UTF-8', [
    'TabSeparated',
    'TabSeparatedWithNames',
    'TabSeparatedWithNamesAndTypes',
    'TSV',
    'TSVWithNames',
    'TSVWithNamesAndTypes',
    'TabSeparatedRaw',
    'TabSeparatedRawWithNames',
    'TabSeparatedRawWithNamesAndTypes',
    'TSVRaw',
    'TSVRawWithNames',
    'TSVRawWithNamesAndTypes',
    'TSKV',
  ]),
  ...each('text/csv; charset=UTF-8; header=absent', ['CSV']),
  ...each('text/csv; charset=UTF-8; header=present', ['CSVWithNames', 'CSVWithNamesAndTypes']),
  ...each('application/json; charset=UTF-8', [
    'JSON',
    'JSONStrings',
    'JSONCompact',
    'JSONCompactStrings',
    'JSONColumns',
    'JSONCompactColumns',
    'JSONColumnsWithMetadata',
    'JSONObjectEachRow',
    'PrettyJSONEachRow',
  ]),
  ...each('application/x-ndjson; charset=UTF-8', [
    'JSONEachRow',
    'JSONStringsEachRow',
    'JSONCompactEachRow',
    'JSONCompactEachRowWithNames',
    'JSONCompactEachRowWithNamesAndTypes',
    'JSONCompactStringsEachRow',
    'JSONCompactStringsEachRowWithNames',
    'JSONCompactStringsEachRowWithNamesAndTypes',
    'JSONLines',
    'JSONL',
    'NDJSON',
    'JSONEachRowWithProgress',
    'JSONStringsEachRowWithProgress',
    'JSONCompactEachRowWithProgress',
    'JSONCompactStringsEachRowWithProgress',
  ]),
  ...each('text/plain; charset=UTF-8', [
    'Pretty',
    'PrettyNoEscapes',
    'PrettyCompact',
    'PrettyCompactNoEscapes',
    'PrettyCompactMonoBlock',
    'PrettyMonoBlock',
    'PrettySpace',
    'PrettySpaceNoEscapes',
    'Vertical',
    'Values',
    'Markdown',
    'MD',
    'SQLInsert',
    'LineAsString',
    'Null',
    'Hash',
    'Raw',
    'RawWithNames',
  ]),
  ...each('application/xml; charset=UTF-8', ['XML']),
  ...each('application/octet-stream', [
    'Native',
    'RowBinary',
    'RowBinaryWithNames',
    'RowBinaryWithNamesAndTypes',
    'Parquet',
    'ORC',
    'Arrow',
    'ArrowStream',
    'Avro',
    'MsgPack',
    'BSONEachRow',
    'Npy',
    'RawBLOB',
  ]),
};

function each(contentType: string, formats: readonly string[]): { [format: string]: string } {
  return Object.fromEntries(formats.map((format) => [format, contentType]));
}

/** Without their parameters, each once. */
export const answerMediaTypes: readonly string[] = [
  ...new Set(Object.values(contentTypes).map((type) => type.replace(/;.*$/, ''))),
];

export const formatNames: readonly string[] = Object.keys(contentTypes);

const canonical: ReadonlyMap<string, string> = new Map(
  Object.keys(contentTypes).map((format) => [format.toLowerCase(), format]),
);

export interface AnswerFormat {
  readonly name: string;
  readonly contentType: string;
}

/** The format of that name in any case, or null if answers cannot have it. */
export function answerFormat(name: string): AnswerFormat | null {
  const format = canonical.get(name.toLowerCase());
  const contentType = format === undefined ? undefined : contentTypes[format];
  return format === undefined || contentType === undefined ? null : { name: format, contentType };
}
