import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import eshop from '../../../examples/eshop-clickstream/millrace.config.ts';
import retail from '../../../examples/online-retail/millrace.config.ts';
import type { Pipeline } from '../../../packages/millrace/src/define/pipeline.ts';
import { sharedData } from '../shared-data.ts';
import type { CountedEvent, PipelineText } from './recompute.ts';

/** A file of real rows as events, and the pipeline that takes them. */
export interface RealFile {
  readonly name: string;
  /** Below `examples`. */
  readonly config: string;
  readonly definition: Pipeline & PipelineText;
  /** In the order of the file; what is equal to one before has its id. Late, as when somebody sends them. */
  readonly events: (rowsMax: number) => readonly CountedEvent[];
}

export interface ImportableFile extends RealFile {
  /** How an import makes these events of the rows. Below `examples`. */
  readonly mapping: string;
  /** The first rows, below the line of names. */
  readonly text: (rowsMax: number) => string;
}

const late = true;

const retailFile = 'online_retail_2010_2011.csv.gz';

export const onlineRetail: ImportableFile = {
  name: 'online_retail',
  config: 'online-retail/millrace.config.ts',
  definition: retail,
  mapping: 'online-retail/import-by-content.ts',
  text: (rowsMax) => linesOf(retailFile, rowsMax).join('\n'),
  events: (rowsMax) =>
    rowsOf(retailFile, ',', rowsMax).map((cells) => {
      const [invoice = '', stock_code = '', description = '', quantity = '', at = ''] = cells;
      const [price = '', customer = '', country = ''] = cells.slice(5);
      return {
        event_id: digestOf(cells),
        type: invoice.startsWith('C') ? 'cancellation' : 'purchase',
        // The shop's clock, taken for UTC.
        timestamp: Date.parse(`${at.replace(' ', 'T')}Z`),
        late,
        ...(customer === '' ? {} : { user_id: customer.replace(/\.0$/, '') }),
        properties: {
          ...{ invoice, stock_code, country },
          ...(description === '' ? {} : { description }),
          quantity: Number(quantity),
          unit_price: inThousandths(thousandths(price)),
          amount: inThousandths(thousandths(price) * BigInt(quantity)),
        },
      };
    }),
};

export const eshopClickstream: RealFile = {
  name: 'eshop_clickstream',
  config: 'eshop-clickstream/millrace.config.ts',
  definition: eshop,
  events: (rowsMax) =>
    rowsOf('eshop_clickstream_2008.csv.gz', ';', rowsMax).map((cells) => {
      const [year, month, day, order, country = '', session_id = ''] = cells;
      const [category = '', product = ''] = cells.slice(6);
      return {
        event_id: `${session_id}/${order}`,
        type: 'click',
        // The file has no time of day: a second for each click of a session.
        timestamp: Date.UTC(Number(year), Number(month) - 1, Number(day)) + Number(order) * 1_000,
        late,
        session_id,
        properties: {
          ...{ category, product, country },
          position: Number(order),
          price: Number(cells[11]),
          page: Number(cells[13]),
        },
      };
    }),
};

export const realFiles: readonly RealFile[] = [onlineRetail, eshopClickstream];

/** As an import has it where equal rows are one event. */
const digestOf = (cells: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(cells)).digest('hex').slice(0, 32);

/** The line of names, and those of the first rows. No cell of these files has a line's end in it. */
const linesOf = (file: string, rowsMax: number): readonly string[] =>
  gunzipSync(readFileSync(sharedData(file)))
    .toString()
    .split(/\r?\n/)
    .slice(0, rowsMax + 1);

const rowsOf = (file: string, separator: string, rowsMax: number): readonly (readonly string[])[] =>
  linesOf(file, rowsMax)
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => cellsOf(line, separator));

function cellsOf(line: string, separator: string): readonly string[] {
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (const [at, sign] of [...line].entries()) {
    if (sign === '"') {
      // Twice within quotes it stands for one.
      if (!quoted && at > 0 && line[at - 1] === '"') cell += '"';
      quoted = !quoted;
    } else if (sign === separator && !quoted) {
      cells.push(cell);
      cell = '';
    } else cell += sign;
  }
  return [...cells, cell];
}

const thousandths = (price: string): bigint => {
  const [whole = '', fraction = ''] = price.split('.');
  return BigInt(`${whole}${fraction.padEnd(3, '0')}`);
};

function inThousandths(value: bigint): string {
  const digits = String(value).replace('-', '').padStart(4, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}
