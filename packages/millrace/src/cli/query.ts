import { Command } from 'commander';
import { parseDuration } from '../define/duration.ts';
import { MillraceError } from '../errors.ts';
import type { Answer } from '../query/answer-question.ts';
import { printExplanation, printSampled, printSparks, printTable } from './answer-text.ts';
import { askRunning } from './running.ts';
import { settingsOf, withSettings } from './setting-flags.ts';

interface Flags {
  readonly kind?: string;
  readonly within?: string;
  readonly gap?: string;
  readonly entry?: string;
  readonly exit?: string;
  readonly periods?: string;
  readonly minutes?: string;
  readonly per?: string;
  readonly measure: readonly string[];
  readonly by?: string;
  readonly where?: string;
  readonly since?: string;
  readonly until?: string;
  readonly every?: string;
  readonly zone?: string;
  readonly order?: string;
  readonly limit?: string;
  readonly other?: boolean;
  readonly compare?: boolean;
  readonly fill?: boolean;
  readonly sample?: string;
  readonly explain?: boolean;
  readonly age?: string;
  readonly spark?: boolean;
  readonly json?: boolean;
}

export function queryCommand(): Command {
  const command = new Command('query')
    .description('ask a running Millrace a typed question')
    .argument('[WHAT]', 'types of event, with commas between; or a whole question as JSON', '')
    .option(
      '--kind <KIND>',
      'series (default); funnel: the types are its steps; retention: the first type, then those of a return; sessions; live',
    )
    .option(
      '--measure <NAME=KIND:FIELD>',
      'a measure: orders=count, revenue=sum:value, slow=quantiles:ms:0.5:0.99; may be repeated',
      (measure: string, before: readonly string[]) => [...before, measure],
      [],
    )
    .option('--within <DURATION>', 'of a funnel: how long after the first step the last may be: 7d')
    .option('--gap <DURATION>', 'of sessions: after so long without an event another begins: 30m')
    .option('--entry <FIELDS>', 'of sessions: group by these of the first event')
    .option('--exit <FIELDS>', 'of sessions: group by these of the last event')
    .option('--periods <COUNT>', 'of retention: how many buckets after the first')
    .option('--minutes <COUNT>', 'of live: how many, the one under way among them')
    .option('--per <FIELD>', 'whose events belong together: user_id, anonymous_id, session_id')
    .option('--by <FIELDS>', 'group by these, with commas between')
    .option('--where <JSON>', `only events for which this holds, as '{"currency":"EUR"}'`)
    .option('--since <TIME>', 'from then on: ISO 8601, or so long ago, as 24h')
    .option('--until <TIME>', 'before then')
    .option('--every <WIDTH>', 'in buckets: second, minute, hour, day, week, month')
    .option('--zone <ZONE>', 'whose calendar and clock cut the buckets, as Europe/London')
    .option('--order <COLUMNS>', 'by these, with commas between; -revenue for the greatest first')
    .option('--limit <ROWS>', 'at most so many rows')
    .option('--other', 'one row for all groups beyond the limit')
    .option('--compare', 'also what was in the period before, as long as since to until')
    .option('--fill', 'a row also for buckets without events')
    .option(
      '--sample <SHARE>',
      'from a part of the time: 0.001 to 0.5, or auto: what one question may read',
    )
    .option('--age <DURATION>', 'how old the answer may be, though there is more by now: 5s')
    .option('--explain', 'say which table answered, why, and what it cost')
    .option('--spark', 'draw each measure over time instead of a table')
    .option('--json', 'print the answer as JSON');
  return withSettings(command, ['host', 'port', 'readKeys'])
    .addHelpText(
      'after',
      `
Answered from a rollup where one answers exactly, else from the events.

  millrace query purchase --measure orders=count --measure revenue=sum:value --by currency
  millrace query purchase --measure revenue=sum:value --by currency --limit 3 --other --since 7d --compare
  millrace query view,add_to_cart,purchase --kind funnel --within 7d --per session_id
  millrace query signup,view --kind retention --every week --since 90d
  millrace query view --kind sessions --entry path --per anonymous_id
  millrace query --kind live --minutes 10
  millrace query view --measure views=count --every minute --since 1h --spark
  millrace query '{"from":"view","measures":{"people":{"kind":"uniq","field":"user_id"}}}' --json`,
    )
    .action(async (what: string) => {
      const flags = command.opts<Flags>();
      const body = what.trimStart().startsWith('{') ? what : JSON.stringify(asked(what, flags));
      const answer = await askRunning<Answer>(settingsOf(command), '/v1/query', {
        method: 'POST',
        body,
      });
      process.stdout.write(shown(answer, flags));
      if (!flags.json) process.stderr.write(printSampled(answer) + printExplanation(answer));
      if (answer.truncated) process.stderr.write('There are more rows: raise --limit.\n');
    });
}

function shown(answer: Answer, { json, spark, by, measure }: Flags): string {
  if (json) return `${JSON.stringify(answer)}\n`;
  if (!spark) return printTable(answer.rows);
  return printSparks(answer.rows, {
    groups: listed(by).map(columnOf),
    measures: measure.map(nameOf),
  });
}

function asked(what: string, flags: Flags): object {
  const { by, where, every, zone, order, limit } = flags;
  const filled = flags.fill === true || flags.spark === true;
  const ends = filled || flags.compare === true || flags.sample !== undefined;
  const now = Date.now();
  return {
    ...subjectOf(listed(what), flags),
    ...(flags.within === undefined ? {} : { within: flags.within }),
    ...(flags.gap === undefined ? {} : { gap: flags.gap }),
    ...(flags.entry === undefined ? {} : { entry: listed(flags.entry) }),
    ...(flags.exit === undefined ? {} : { exit: listed(flags.exit) }),
    ...(flags.periods === undefined ? {} : { periods: Number(flags.periods) }),
    ...(flags.minutes === undefined ? {} : { minutes: Number(flags.minutes) }),
    ...(flags.per === undefined ? {} : { per: flags.per }),
    ...(by === undefined ? {} : { by: listed(by) }),
    ...(where === undefined ? {} : { where: parsed(where) }),
    ...(flags.since === undefined ? {} : { since: timeOf(flags.since, now) }),
    ...(flags.until === undefined
      ? ends
        ? { until: new Date(now).toISOString() }
        : {}
      : { until: timeOf(flags.until, now) }),
    ...(every === undefined ? {} : { every }),
    ...(zone === undefined ? {} : { zone }),
    ...(order === undefined ? {} : { order: Object.fromEntries(listed(order).map(directionOf)) }),
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(flags.other ? { other: true } : {}),
    ...(flags.compare ? { compare: 'previous' } : {}),
    ...(filled ? { fill: true } : {}),
    ...(flags.sample === undefined ? {} : { sample: shareOf(flags.sample) }),
    ...(flags.explain ? { explain: true } : {}),
    ...(flags.age === undefined ? {} : { age: flags.age }),
  };
}

function subjectOf(types: readonly string[], { kind, measure }: Flags): object {
  if (kind === 'funnel') return { kind, steps: types.map((from) => ({ from })) };
  if (kind === 'retention') {
    const [first, ...back] = types;
    return {
      kind,
      ...(first === undefined ? {} : { first: { from: first } }),
      ...(back.length === 0 ? {} : { return: { from: back } }),
    };
  }
  const measures = Object.fromEntries(measure.map(measureOf));
  if (kind === undefined || kind === 'series') return { from: types, measures };
  return {
    kind,
    ...(types.length === 0 ? {} : { from: types }),
    ...(measure.length === 0 ? {} : { measures }),
  };
}

const listed = (text = ''): readonly string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** `address.city` becomes the column `address_city`. */
const columnOf = (field: string): string => field.replaceAll('.', '_');
const nameOf = (measure: string): string => measure.replace(/=.*/s, '');

function measureOf(text: string): [name: string, measure: object] {
  const [, name, kind, field, levels] =
    /^(\w+)=(\w+)(?::([\w.]+)((?::[\d.]+)*))?$/.exec(text) ?? [];
  if (name === undefined) {
    throw new MillraceError(
      'question_invalid',
      `--measure ${text} is not of the form name=kind:field.`,
    );
  }
  return [
    name,
    {
      kind,
      ...(field === undefined ? {} : { field }),
      ...(levels ? { levels: levels.slice(1).split(':').map(Number) } : {}),
    },
  ];
}

const shareOf = (text: string): string | number => (text === 'auto' ? text : Number(text));

const directionOf = (column: string): [column: string, direction: 'asc' | 'desc'] =>
  column.startsWith('-') ? [column.slice(1), 'desc'] : [column, 'asc'];

function timeOf(text: string, now: number): string {
  const ago = parseDuration(text);
  return ago === undefined ? text : new Date(now - ago).toISOString();
}

function parsed(where: string): unknown {
  try {
    return JSON.parse(where);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MillraceError('question_invalid', `--where is not JSON: ${why}`, { cause: error });
  }
}
