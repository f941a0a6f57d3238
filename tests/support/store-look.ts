import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface StoreLook {
  /** Rows in the events table. */
  readonly events: number;
  /** Events counted by the rollup. */
  readonly counted: number;
}

/** Looks at what a dead process left in its store, before anything repairs it. */
export async function lookIntoStore(
  data: string,
  rollup: string,
  measure: string,
): Promise<StoreLook> {
  // In a process of its own: chDB opens one data folder per process, for good.
  const script = `
    const { Session } = require('chdb');
    const session = new Session(${JSON.stringify(join(data, 'store'))});
    process.stdout.write(session.query(
      'SELECT (SELECT count() FROM millrace.events), (SELECT sum(${measure}) FROM millrace.${rollup})', 'TSV'));
    process.exit(0);`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the store cannot be looked at: ${stderr}`);
  const [events = 0, counted = 0] = stdout.trim().split('\t').map(Number);
  return { events, counted };
}
