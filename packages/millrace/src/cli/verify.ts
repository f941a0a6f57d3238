import { Command } from 'commander';
import type { HourDifference, RollupDifference, VerifyReport } from '../verify/report.ts';
import { thousands } from './import-progress.ts';
import { settingsOf, withSettings } from './setting-flags.ts';
import { tellProblem } from './tell-problem.ts';

interface VerifyFlags {
  readonly json?: boolean;
  readonly withArchive?: boolean;
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('compare the log, the stored events and the rollups, hour by hour')
    .option('--with-archive', 'read the archive as far as it reaches, and the log behind it')
    .option('--json', 'print the report as JSON');
  return withSettings(command, [
    'pipeline',
    'data',
    'readKeys',
    'dedupMemoryMb',
    'storeMemoryMb',
    'logSegmentMb',
    'deadLetterRetentionDays',
    'archive',
    's3Endpoint',
  ])
    .addHelpText(
      'after',
      `
If the pipeline is running, that process compares (with a read key, if it has
keys), and goes on taking events meanwhile. What neither the log nor, if asked for,
the archive has cannot be compared. Ends with 0 if all is equal, with 1 if not.

  millrace verify
  millrace verify --json --data /var/lib/millrace
  millrace verify --with-archive --archive /mnt/archive`,
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
      const { json, withArchive = false } = command.opts<VerifyFlags>();
      const report = await verifyFolder(
        { ...settings, withArchive },
        {
          signal: stopping.signal,
          onProgress: ({ what, done, of }) => {
            clear();
            if (shown) process.stderr.write(`${what}: ${thousands(done)} of ${thousands(of)}`);
          },
          onProblem: (what, error) => {
            clear();
            tellProblem(what, error);
          },
        },
      ).finally(clear);
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : told(report));
      // The engine keeps threads of its own that would hold the process up.
      process.exit(report.equal ? 0 : 1);
    });
}

function told(report: VerifyReport): string {
  const { equal, log, hours, kept_since, differing, differences, rollups, elapsed_ms } = report;
  const refused = log.refused > 0 ? `, ${thousands(log.refused)} of them refused` : '';
  const missing = log.missing > 0 ? `, ${thousands(log.missing)} no longer in the log` : '';
  const since = kept_since === null ? '' : ` of what happened since ${kept_since}`;
  const filled = report.being_filled.length;
  const not = filled > 0 ? `, ${filled} more not compared: being filled` : '';
  const compared = `${thousands(log.events)} events of the log (offsets ${log.from} to ${log.to}${refused}${missing})${since}, ${counted(rollups.length, 'rollup')}${not}, in ${(elapsed_ms / 1_000).toFixed(1)} s`;
  if (equal) return `Equal: each is stored exactly once, and counted so. ${compared}.\n`;
  const tables = [
    { name: 'events', hours, differing, lines: differences.map(eventsLine) },
    ...rollups.map((one) => ({
      name: one.rollup,
      hours: one.hours,
      differing: one.differing,
      lines: one.differences.map((each) => rollupLine(one.rollup, each)),
    })),
  ].filter((table) => table.differing > 0);
  const where = tables.map((one) => `${one.name} in ${ofHours(one.differing, one.hours)}`);
  return [
    `Different: ${where.join(', ')}. Compared ${compared}.`,
    ...tables.flatMap((table) => [...table.lines, ...more(table.differing - table.lines.length)]),
    '',
  ].join('\n');
}

const counted = (some: number, what: string): string =>
  `${thousands(some)} ${what}${some === 1 ? '' : 's'}`;
const ofHours = (some: number, all: number): string =>
  `${thousands(some)} of ${counted(all, 'hour')}`;
const more = (hours: number): readonly string[] =>
  hours > 0 ? [`  and ${thousands(hours)} more`] : [];

const eventsLine = ({ hour, expected, stored, first, ...counts }: HourDifference): string =>
  [
    `  events ${hour}: ${stored} stored of ${expected}; ${counts.lost} lost, ${counts.doubled} doubled, ${counts.changed} changed, ${counts.outside} outside the log`,
    ...first.map(
      ({ what, event_id, partition, offset }) =>
        `    ${what}: ${event_id} at offset ${offset} of partition ${partition}`,
    ),
  ].join('\n');

const rollupLine = (
  rollup: string,
  { hour, expected, stored, first, ...counts }: RollupDifference,
): string =>
  [
    `  ${rollup} ${hour}: ${stored} rows stored of ${expected}; ${counts.lost} lost, ${counts.unexpected} unexpected, ${counts.changed} changed`,
    ...first.map(
      (row) =>
        `    ${row.what}: ${row.bucket} ${JSON.stringify(row.dimensions)} should be ${JSON.stringify(row.expected)}, is ${JSON.stringify(row.stored)}`,
    ),
  ].join('\n');
