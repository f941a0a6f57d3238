/**
 * How a test's own clients ask Kafka. A broker on a busy machine may be long in
 * answering, and the library gives up on a request for good once it has timed out.
 */
export const kafkaClient = (bootstrap: string) => ({
  clientId: 'test',
  bootstrapBrokers: bootstrap.split(','),
  connectTimeout: 120_000,
  requestTimeout: 120_000,
  // Of what the broker itself waits for, and of transactions.
  timeout: 60_000,
});
