import type { Leases } from '../leases.ts';
import type { Store } from '../ports/store.ts';

/** The store, each of whose reads holds a lease from its call to its end. */
export const leasedStore = (store: Store, leases: Leases): Store => ({
  define: (statement) => store.define(statement),
  insert: (batch) => store.insert(batch),
  insertComputed: (batch) => store.insertComputed(batch),
  read: (sql, options) => leases.hold(() => store.read(sql, options)),
  stream: (sql, options) => {
    const answer = store.stream(sql, options);
    // What is left of the answer by then is not read from tables any more.
    void leases.hold(() => Promise.allSettled([answer.ended]));
    return answer;
  },
  readGiven: (rows, sql, options) => leases.hold(() => store.readGiven(rows, sql, options)),
  close: () => store.close(),
});
