import {
  Base,
  ConnectionPool,
  describeTransactionsV0,
  listTransactionsV1,
} from '@platformatic/kafka';

export interface OpenTransaction {
  readonly id: string;
  /** As Kafka calls it. */
  readonly state: string;
  readonly ageMs: number;
  /** `topic/partition`, each. */
  readonly partitions: readonly string[];
}

const anyPattern = null;
const anyAge = -1n;

/** The transactions that hold up readers of what is committed. */
export async function openTransactions(bootstrap: string): Promise<readonly OpenTransaction[]> {
  const base = new Base({ clientId: 'test', bootstrapBrokers: bootstrap.split(',') });
  const pool = new ConnectionPool('test');
  try {
    const { brokers } = await base.metadata({});
    const found = [];
    for (const broker of brokers.values()) {
      const connection = await pool.get(broker);
      const { transactionStates } = await listTransactionsV1.api.async(
        connection,
        ['ONGOING', 'PREPARE_ABORT', 'COMMITTING', 'ABORTING'],
        [],
        anyAge,
        anyPattern,
      );
      const ids = transactionStates.map(({ transactionalId }) => transactionalId);
      if (ids.length === 0) continue;
      const described = await describeTransactionsV0.api.async(connection, ids);
      found.push(...described.transactionStates);
    }
    return found.map((one) => ({
      id: one.transactionalId,
      state: one.transactionState,
      ageMs: Date.now() - Number(one.transactionStartTimeMs),
      partitions: one.topics.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => `${topic}/${partition}`),
      ),
    }));
  } finally {
    await pool.close();
    await base.close();
  }
}
