import { expect, test } from 'vitest';
import { computedInsertStatement, insertStatement } from './insert-statement.ts';

const shape = [{ name: 'id', type: 'UInt64', default_type: '' }];

test('every insert is to be on most replicas, in one block, under its token', () => {
  const batch = { table: 'd.t', lines: new Uint8Array(), rows: 1, token: "it's" };
  const from = (structure: string): string => `input('${structure}')`;
  for (const statement of [
    insertStatement(batch, { from, shape, partitionsPerInsertMax: 100 }),
    computedInsertStatement(
      { statement: 'INSERT INTO d.t SELECT 1', token: "it's" },
      { partitionsPerInsertMax: 100 },
    ),
  ]) {
    expect(statement).toContain(
      "insert_quorum = 'auto', insert_quorum_parallel = 1, insert_quorum_timeout = 60000",
    );
    expect(statement).toContain('async_insert = 0');
    expect(statement).toContain("insert_deduplication_token = 'it\\'s'");
  }
});
