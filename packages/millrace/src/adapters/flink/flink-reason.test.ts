import { expect, test } from 'vitest';
import { reasonIn } from './flink-reason.ts';

test.each([
  [
    'an answer of the SQL Gateway',
    JSON.stringify({
      errors: [
        'Internal server error.',
        `<Exception on server side:
org.apache.flink.table.gateway.service.utils.SqlExecutionException: Failed to execute the operation 1.
\tat org.apache.flink.table.gateway.Foo.bar(Foo.java:1)
Caused by: org.apache.flink.table.api.ValidationException: Unable to create a sink.

Table options are:

'connector'='kafka'
\tat org.apache.flink.Foo.bar(Foo.java:2)
\t... 7 more
Caused by: org.apache.flink.table.api.ValidationException: Unsupported options found for 'kafka'.

Unsupported options:

wrong
\tat org.apache.flink.Foo.bar(Foo.java:3)
\t... 11 more

End of exception on server side>`,
      ],
    }),
    "Unsupported options found for 'kafka'.\n\nUnsupported options:\n\nwrong",
  ],
  [
    'a stack',
    'java.lang.IllegalStateException: There is no operator for the state abc\n\tat a.B.c(B.java:1)\n',
    'There is no operator for the state abc',
  ],
  ['an answer without a stack', '{"errors":["Not found: /x"]}', 'Not found: /x'],
  ['nothing', '', 'no reason given'],
])('says what is wrong and no more: %s', (_, said, reason) => {
  expect(reasonIn(said)).toBe(reason);
});

test('has a bound', () => {
  expect(reasonIn('x'.repeat(100_000)).length).toBeLessThan(1_000);
});
