/** The ClickHouse database that holds a pipeline's tables. */
export const database = 'millrace';
