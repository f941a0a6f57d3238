import type { Cluster } from '../../compile/clickhouse/cluster.ts';
import { type ClickHouseDdl, clickhouseDdl } from '../../compile/clickhouse/ddl.ts';
import type { Plan } from '../../plan/plan.ts';
import { database } from '../database.ts';

/** The tables of a plan where Flink computes windows, and what rollups it can. */
export const distributedTables = (plan: Plan, cluster?: Cluster): ClickHouseDdl =>
  clickhouseDdl(plan, { database, computedBy: 'flink', ...(cluster ? { cluster } : {}) });
