import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { dryRun } from '../import/dry-run.ts';
import type { ImportSummary } from '../import/tally.ts';
import { planOf } from '../plan/plan-of.ts';
import { loadMapping } from '../runtime/load-mapping.ts';
import { loadPipeline } from '../runtime/load-pipeline.ts';
import { dataFolderSettings } from './data-folder-settings.ts';
import { ProgressDisplay, thousands } from './import-progress.ts';
import { settingsOf, withSettings } from './setting-flags.ts';
import { tellProblem } from './tell-problem.ts';

export function importCommand(): Command {
  const command = new Command('import')
    .description('import a file of events that happened before')
    .argument('<FILE>', 'CSV, TSV, NDJSON or Parquet, gzipped or not')
    .addOption(
      new Option(
        '--mapping <FILE>',
        'how rows become events: a file that exports defineImport({…})',
      ).default('millrace.import.ts'),
    )
    .addOption(
      new Option('--dry-run [ROWS]', 'only map and check the first rows, and show some events')
        .preset('1000')
        .argParser(rowCount),
    )
    .addOption(new Option('--again', 'import a file anew that was imported with another mapping'));
  return withSettings(command, [...dataFolderSettings, 'kafka'])
    .addHelpText('after', teaching)
    .action(async (file: string) => {
      const { mapping, dryRun: rows, again } = command.opts<ImportFlags>();
      const settings = settingsOf(command);
      if (rows !== undefined) {
        await tryOut(file, mapping, settings.pipeline, rows);
        return;
      }
      const startedAt = performance.now();
      const display = new ProgressDisplay(process.stderr);
      const stopping = new AbortController();
      const stop = (): void => {
        // The second Ctrl-C ends the process at once: what was taken is safe.
        process.once('SIGINT', () => process.exit(130));
        stopping.abort();
      };
      process.once('SIGINT', stop).once('SIGTERM', stop);
      // The engine takes half a second to load, which `--help` need not wait for.
      const { importFile } = await import('../runtime/import-file.ts');
      const summary = await importFile(
        { ...settings, file, mapping, again: again === true },
        {
          signal: stopping.signal,
          onProgress: (progress) => display.show(progress),
          onProblem: (what, error) => {
            display.clear();
            tellProblem(what, error);
          },
        },
      ).finally(() => display.clear());
      process.stdout.write(told(summary, file, (performance.now() - startedAt) / 1_000));
      // The engine keeps threads of its own that would hold the process up.
      process.exit(summary.outcome === 'interrupted' ? 130 : 0);
    });
}

interface ImportFlags {
  readonly mapping: string;
  readonly dryRun?: number;
  readonly again?: boolean;
}

function rowCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number of rows.');
}

async function tryOut(file: string, mapping: string, pipeline: string, rows: number) {
  const { definition } = await loadMapping(mapping);
  const plan = planOf(await loadPipeline(pipeline));
  const folder = await mkdtemp(join(tmpdir(), 'millrace-import-'));
  try {
    const tried = await dryRun(file, definition, plan, folder, rows);
    const columns = tried.columns === null ? '' : `, columns ${tried.columns.join(', ')}`;
    const lines = [
      `${file} is ${tried.format}${columns}`,
      `Of the first ${thousands(tried.rows)} rows ${thousands(tried.accepted)} are good, ${thousands(tried.refused.length)} refused, ${thousands(tried.leftOut)} left out. Nothing was stored.`,
      ...reasons(tried.refused.slice(0, 5)),
      ...(tried.examples.length > 0 ? ['The first events:', ...tried.examples] : []),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    if (tried.refused.length > 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function told(summary: ImportSummary, file: string, seconds: number): string {
  const { outcome, from, to, added, duplicates, refused, leftOut } = summary;
  if (outcome === 'known') {
    return `${file} was imported before, all ${thousands(to)} rows of it. Nothing was added.\n`;
  }
  const rate = thousands((to - from) / Math.max(seconds, 0.001));
  const lines = [
    ...(from > 0
      ? [`Went on after row ${thousands(from)}, where the last import was interrupted.`]
      : []),
    `${thousands(to - from)} rows in ${seconds.toFixed(1)} s (${rate} rows/s): ${thousands(added)} events new, ${thousands(duplicates)} duplicates, ${thousands(refused)} refused, ${thousands(leftOut)} left out`,
    ...reasons(summary.reasons),
    ...(refused > 0
      ? ['What was refused is in the table dead_letters, each row with its reason.']
      : []),
    ...(outcome === 'interrupted'
      ? [`Interrupted after row ${thousands(to)}. Run the same command again to go on from there.`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

const reasons = (refused: ImportSummary['reasons']): string[] =>
  refused.map(({ row, code, message }) => `  row ${thousands(row)}: ${message} (${code})`);

const teaching = `
The mapping file says how a row becomes an event; its types come from the
pipeline. For a CSV file with the columns InvoiceNo, InvoiceDate, Amount, Country:

  import { defineImport } from 'millrace';
  import type pipeline from './millrace.config.ts';

  export default defineImport<typeof pipeline>({
    zone: 'Europe/London',          // of times without an offset
    id: 'row',                      // each row is an event; 'content': equal rows are one
    event: (row) => ({
      type: 'purchase',
      timestamp: row.time('InvoiceDate'),
      properties: { order_id: row.text('InvoiceNo'), value: row.decimal('Amount') },
    }),
  });

  millrace import orders.csv.gz --dry-run
  millrace import orders.csv.gz

A row that cannot be read or does not fit is kept as a dead letter. An import
that was interrupted goes on where it was; a file that was imported, whenever that
was, adds nothing. Imported events count as having arrived when they happened.
If the pipeline is running, the rows go to it (with a read key, if it has keys);
with Kafka's address they go to the cluster.`;
