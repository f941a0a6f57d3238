import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * Runs statements in the store of a process that is dead, and gives the answer
 * of the last as tab-separated text. In a process of its own: chDB opens one
 * data folder per process, for good.
 */
export function inDeadStore(data: string, ...statements: readonly string[]): string {
  const script = `
    const { Session } = require('chdb');
    const session = new Session(${JSON.stringify(join(data, 'store'))});
    let answer = '';
    for (const statement of ${JSON.stringify(statements)}) answer = session.query(statement, 'TSV');
    process.stdout.write(answer, () => process.exit(0));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim();
  throw new Error(`the store in ${data} cannot be opened: ${stderr}`);
}
