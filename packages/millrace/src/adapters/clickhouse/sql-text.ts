/** A string literal of ClickHouse's SQL. */
export const stringLiteral = (value: string): string =>
  `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** An identifier of ClickHouse's SQL. */
export const identifier = (value: string): string =>
  `\`${value.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;

export const settingsList = (settings: { readonly [name: string]: string | number }): string =>
  Object.entries(settings)
    .map(([key, value]) => `${key} = ${typeof value === 'number' ? value : stringLiteral(value)}`)
    .join(', ');
