/** A value of JSON, as the store writes it. */
export type StoredValue = string | number | boolean | null | readonly StoredValue[] | StoredObject;

export interface StoredObject {
  readonly [name: string]: StoredValue;
}

/**
 * The values that an event has. The store gives each declared property of the
 * pipeline, null or empty where the event has none, and cannot tell what was empty
 * from what was absent; and it writes a dot within a name as `%2E`.
 */
export const presentValues = (stored: StoredObject): StoredObject =>
  Object.fromEntries(
    Object.entries(stored).flatMap(([name, value]) => {
      const present = presentValue(value);
      return isNothing(present) ? [] : [[name.replaceAll('%2E', '.'), present]];
    }),
  );

/** Elements stay, whatever they are: those behind them would get another place. */
const presentValue = (value: StoredValue): StoredValue => {
  if (value === null || typeof value !== 'object') return value;
  return isList(value) ? value.map(presentValue) : presentValues(value);
};

const isList = (value: StoredObject | readonly StoredValue[]): value is readonly StoredValue[] =>
  Array.isArray(value);

const isNothing = (value: StoredValue): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);
