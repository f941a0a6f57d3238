import { mayAsk, type Reader } from '../reader.ts';
import { createSqlGuard, type SqlGuard, type SqlGuardOptions } from './guard.ts';

/** A guard for each reader: to it, what its reader may not ask is no table. */
export function createSqlGuards(
  options: Omit<SqlGuardOptions, 'withheld'>,
): (reader: Reader) => SqlGuard {
  const guards = new WeakMap<Reader, SqlGuard>();
  return (reader) => {
    const known = guards.get(reader);
    if (known !== undefined) return known;
    const guard = createSqlGuard({
      ...options,
      tables: options.tables.filter((table) => mayAsk(reader, table)),
      withheld: options.tables.filter((table) => !mayAsk(reader, table)),
    });
    guards.set(reader, guard);
    return guard;
  };
}
