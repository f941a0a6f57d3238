import { defineImport } from 'millrace';
import type pipeline from './ledger.config.ts';

/** Views with columns of their own. */
export default defineImport<typeof pipeline>({
  id: ['id'],
  event: (row) => ({
    type: 'view',
    timestamp: row.timeOf('2026-05-01'),
    properties: { product_id: row.text('product'), price: row.text('price') },
  }),
});
