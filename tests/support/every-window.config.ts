export { everyWindow as default } from '../../packages/millrace/src/compile/clickhouse/every-window.suite.ts';
