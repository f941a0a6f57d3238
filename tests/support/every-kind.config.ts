// Every kind of measure and condition there is, for tests of what a cluster computes.
export { everyKind as default } from '../../packages/millrace/src/compile/clickhouse/every-kind.suite.ts';
