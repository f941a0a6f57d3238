import { Command } from 'commander';
import type { VerifyReport } from '../verify/report.ts';
import { thousands } from './import-progress.ts';
import { settingsOf, withSettings } from './setting-flags.ts';

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('compare the log with the stored events, hour by hour')
    .option('--json', 'print the report as JSON');
  return withSettings(command, [
    'pipeline',
    'data',
    'readKeys',
    'dedupMemoryMb',
    'storeMemoryMb',
    'logSegmentMb',
  ])
    .addHelpText(
      'after',
      `
If the pipeline is running, that process compares (with a read key, if it has
keys), and goes on taking events meanwhile. What the log no longer has cannot be
compared. Ends with 0 if all is equal, with 1 if not.

  millrace verify
  millrace verify --json --data /var/lib/millrace`,
    )
    .action(async () => {
      const settings = settingsOf(command);
      const shown = process.stderr.isTTY === true;
      const clear = (): void => {
        if (shown) process.stderr.write('\r\u001b[K');
      };
      const stopping = new AbortController();
      process.once('SIGINT', () => stopping.abort()).once('SIGTERM', () => stopping.abort());
      // The engine takes half a second to load, which `--help` need not wait for.
      const { verifyFolder } = await import('../runtime/verify-folder.ts');
      const report = await verifyFolder(settings, {
        signal: stopping.signal,
        onProgress: ({ what, done, of }) => {
          clear();
          if (shown) process.stderr.write(`${what}: ${thousands(done)} of ${thousands(of)}`);
        },
        onProblem: (what, error) => {
          clear();
          const reason = error instanceof Error ? error.message : String(error);
          process.stderr.write(`millrace: ${what}: ${reason}\n`);
        },
      }).finally(clear);
      const { json } = command.opts<{ readonly json?: boolean }>();
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : told(report));
      // The engine keeps threads of its own that would hold the process up.
      process.exit(report.equal ? 0 : 1);
    });
}

function told({ equal, log, hours, differences, differing, elapsed_ms }: VerifyReport): string {
  const refused = log.refused > 0 ? `, ${thousands(log.refused)} of them refused` : '';
  const missing = log.missing > 0 ? `, ${thousands(log.missing)} no longer in the log` : '';
  const compared = `${thousands(log.events)} events of the log (offsets ${log.from} to ${log.to}${refused}${missing}) in ${(elapsed_ms / 1_000).toFixed(1)} s`;
  if (equal) return `Equal: each is stored exactly once. ${compared}.\n`;
  const lines = differences.flatMap(({ table, hour, expected, stored, first, ...counts }) => [
    `  ${table} ${hour}: ${stored} stored of ${expected}; ${counts.lost} lost, ${counts.doubled} doubled, ${counts.changed} changed`,
    ...first.map(({ what, event_id, offset }) => `    ${what}: ${event_id} at offset ${offset}`),
  ]);
  const more = differing - differences.length;
  return [
    `Different in ${thousands(differing)} of ${thousands(hours)} hours. Compared ${compared}.`,
    ...lines,
    ...(more > 0 ? [`  and ${thousands(more)} more hours`] : []),
    '',
  ].join('\n');
}
