/** Error codes of ClickHouse that the guard itself answers with. */
export const engineErrors = {
  SYNTAX_ERROR: 62,
  UNKNOWN_TABLE: 60,
  UNKNOWN_FUNCTION: 46,
  READONLY: 164,
  UNKNOWN_SETTING: 115,
  UNKNOWN_FORMAT: 73,
  UNKNOWN_DATABASE: 81,
  ACCESS_DENIED: 497,
  BAD_QUERY_PARAMETER: 457,
  BAD_ARGUMENTS: 36,
  NOT_IMPLEMENTED: 48,
  INCORRECT_DATA: 117,
  QUERY_IS_TOO_LARGE: 229,
  TOO_MANY_ROWS_OR_BYTES: 396,
  TOO_MANY_SIMULTANEOUS_QUERIES: 202,
} as const;

export type EngineErrorName = keyof typeof engineErrors;

/** Where in the statement, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A statement that the allow-list does not let through, in terms a ClickHouse client knows. */
export class SqlRefusal extends Error {
  override readonly name = 'SqlRefusal';
  readonly engineError: EngineErrorName;
  readonly place: Place | null;

  constructor(
    engineError: EngineErrorName,
    reason: string,
    place: Place | null = null,
    options?: ErrorOptions,
  ) {
    super(
      place === null ? reason : `${reason} (line ${place.line}, column ${place.column})`,
      options,
    );
    this.engineError = engineError;
    this.place = place;
  }

  get engineCode(): number {
    return engineErrors[this.engineError];
  }
}

export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}
