import { defineImport } from 'millrace';
import type pipeline from './millrace.config.ts';

// Columns: InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
// CustomerID, Country. Each row is one line of an invoice.
export default defineImport<typeof pipeline>({
  // The shop's own clock, without an offset in the file.
  zone: 'Europe/London',
  // Two equal lines of one invoice are two sales. See import-by-content.ts for the other view.
  id: 'row',
  event: (row) => {
    const invoice = row.text('InvoiceNo');
    const quantity = row.integer('Quantity');
    const price = row.decimal('UnitPrice');
    return {
      type: invoice.startsWith('C') ? 'cancellation' : 'purchase',
      timestamp: row.time('InvoiceDate'),
      // A number that went through a spreadsheet: 17850.0
      user_id: row.optional.text('CustomerID')?.replace(/\.0$/, '') ?? null,
      properties: {
        invoice,
        stock_code: row.text('StockCode'),
        description: row.optional.text('Description'),
        quantity,
        unit_price: price,
        amount: times(price, quantity),
        country: row.text('Country'),
      },
    };
  },
});

/** 2.55 × 6 = 15.300, counted in thousandths: floats would be off by some of them. */
function times(price: string, quantity: number): string {
  const [whole = '0', fraction = ''] = price.split('.');
  const thousandths = BigInt(whole + fraction.padEnd(3, '0')) * BigInt(quantity);
  const digits = String(thousandths).replace('-', '').padStart(4, '0');
  return `${thousandths < 0n ? '-' : ''}${digits.slice(0, -3)}.${digits.slice(-3)}`;
}
